// Warm sequential read of one large host file, directly and through passthrough, alternating.
// Wanted: at least 0.9 of the host file's rate (best of the rounds). Needs root and Linux 6.9; build first.
//   npx tsc -b && node scripts/bench/fuse-passthrough.mjs [MiB] [rounds]
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { serveInChild } from '../../packages/fuse/dist/testing/index.js';

const [mebibytes = 1024, rounds = 7] = process.argv.slice(2).map(Number);
const place = mkdtempSync(join(tmpdir(), 'fuse-passthrough-'));
const host = join(place, 'file');
const block = Buffer.alloc(1024 * 1024, 'scorpio');
for (let i = 0; i < mebibytes; i += 1) writeFileSync(host, block, { flag: 'a' });

/** MiB per second, by a process of its own that is killed should it hang. */
function read(path) {
  const program = `
    const fs = require('fs'), fd = fs.openSync(process.argv[1]), b = Buffer.alloc(1 << 20);
    const start = process.hrtime.bigint();
    let total = 0;
    for (let n; (n = fs.readSync(fd, b)) > 0; ) total += n;
    console.log(total / 1048576 / (Number(process.hrtime.bigint() - start) / 1e9));`;
  const args = ['-s', 'KILL', '60', process.execPath, '-e', program, path];
  return Number(execFileSync('timeout', args, { cwd: '/' }));
}

const results = { host: [], mount: [] };
let requests;
try {
  const module = new URL('lib/fuse-fixtures.mjs', import.meta.url).href;
  const served = await serveInChild({ module, export: 'oneHostFile', args: [host] });
  try {
    read(host);
    for (let round = 0; round < rounds; round += 1) {
      results.host.push(read(host));
      results.mount.push(read(join(served.mountpoint, 'file')));
    }
    requests = (await served.stats()).stats.requests.READ ?? 0;
  } finally {
    await served.stop();
  }
} finally {
  rmSync(place, { recursive: true });
}

const sorted = (list) => list.toSorted((a, b) => b - a);
for (const [name, list] of Object.entries(results)) {
  const [best, median] = [sorted(list)[0], sorted(list)[Math.floor(list.length / 2)]];
  console.log(`${name.padEnd(6)} best ${best.toFixed(0)} MiB/s, median ${median.toFixed(0)} MiB/s`);
}
const ratio = (pick) => pick(sorted(results.mount)) / pick(sorted(results.host));
const middle = (list) => list[Math.floor(list.length / 2)];
console.log(
  `mount / host: best ${ratio((l) => l[0]).toFixed(2)}, median ${ratio(middle).toFixed(2)}`,
);
console.log(`READ requests to the daemon: ${requests}`);
