// Cold `stat`: the first look at each of N files of a MemoryFs, beside bindfs over as many files, round by round.
// Wanted: at most 1.3 times bindfs (best of the rounds). Needs root and bindfs; build first.
//   npx tsc -b && node scripts/bench/fuse-stat.mjs [files] [rounds]
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { serveInChild } from '../../packages/fuse/dist/testing/index.js';

const [files = 20_000, rounds = 5] = process.argv.slice(2).map(Number);
const place = mkdtempSync(join(tmpdir(), 'fuse-stat-'));
const [host, bound] = [join(place, 'host'), join(place, 'bound')];
mkdirSync(host);
mkdirSync(bound);
for (let i = 0; i < files; i += 1) writeFileSync(join(host, `f${i}`), '');

/** µs per file, measured by a process of its own that is killed should it hang. */
function stat(directory) {
  const program = `
    const fs = require('fs'), [dir, n] = process.argv.slice(1);
    const paths = Array.from({ length: Number(n) }, (_, i) => dir + '/f' + i);
    const start = process.hrtime.bigint();
    for (const path of paths) fs.lstatSync(path);
    console.log(Number(process.hrtime.bigint() - start) / 1e3 / paths.length);`;
  const args = ['-s', 'KILL', '60', process.execPath, '-e', program, directory, String(files)];
  return Number(execFileSync('timeout', args, { cwd: '/' }));
}

const results = { memory: [], bindfs: [] };
try {
  for (let round = 0; round < rounds; round += 1) {
    const module = new URL('lib/fuse-fixtures.mjs', import.meta.url).href;
    const served = await serveInChild({ module, export: 'manyFiles', args: [files] });
    results.memory.push(stat(served.mountpoint));
    await served.stop();
    execFileSync('bindfs', ['--no-allow-other', host, bound]);
    try {
      results.bindfs.push(stat(bound));
    } finally {
      execFileSync('umount', ['-l', bound]);
    }
  }
} finally {
  rmSync(place, { recursive: true });
}

const sorted = (list) => list.toSorted((a, b) => a - b);
for (const [name, list] of Object.entries(results)) {
  const [best, median] = [sorted(list)[0], sorted(list)[Math.floor(list.length / 2)]];
  console.log(`${name.padEnd(8)} best ${best.toFixed(1)} µs, median ${median.toFixed(1)} µs`);
}
const ratio = (pick) => pick(sorted(results.memory)) / pick(sorted(results.bindfs));
const middle = (list) => list[Math.floor(list.length / 2)];
console.log(
  `memory / bindfs: best ${ratio((l) => l[0]).toFixed(2)}, median ${ratio(middle).toFixed(2)}`,
);
