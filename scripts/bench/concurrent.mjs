// Processes that work at the same time on one mount: random reads, random writes, and making, asking for and removing files, each
// alone. The overlay in both data modes beside ext4 and the kernel's overlay, in one run, each on a fresh ext4 in a file. The work is
// the same however many share it. Needs root and loop devices; takes a minute. Build first:
//   npx tsc -b && node scripts/bench/concurrent.mjs [rounds] ['subjects=ext4;by-node'] ['workers=1;8'] ['only=step;step']
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';

import { onFreshDisks } from './lib/on-fresh-disks.mjs';
import { makeBase } from './lib/overlay-base.mjs';
import { makeSubjects } from './lib/overlay-subjects.mjs';

const READS = { work: 'read', total: 16_000 };
const STEPS = {
  'random reads of 4 KiB, first': { ...READS, cold: true },
  'random reads of 4 KiB, warm': { ...READS, prepare: 'fill' },
  'random writes of 4 KiB': { work: 'write', total: 16_000, prepare: 'make' },
  'create, stat, unlink': { work: 'metadata', total: 1_600 },
};
const LIMIT = 60_000;

/** Milliseconds from the word to begin until the last worker is done. */
async function together(root, { work, total, cold }, workers) {
  const script = new URL('lib/concurrent-worker.mjs', import.meta.url);
  const children = Array.from({ length: workers }, (_, i) =>
    fork(script, [root, work, total / workers, i], {
      cwd: '/',
      timeout: LIMIT,
      killSignal: 'SIGKILL',
    }),
  );
  const ends = children.map((child) => once(child, 'exit'));
  const failed = ends.map(async (end) => {
    const [code, signal] = await end;
    if (code !== 0) throw new Error(`a worker ended with ${signal ?? code}`);
    return await new Promise(() => undefined);
  });
  const all = () => {
    const messages = children.map((child) => once(child, 'message'));
    return Promise.race([Promise.all(messages), ...failed]);
  };
  try {
    await all();
    if (cold) writeFileSync('/proc/sys/vm/drop_caches', '3');
    const start = performance.now();
    for (const child of children) child.send('begin');
    await all();
    return performance.now() - start;
  } finally {
    for (const child of children) child.kill('SIGKILL');
    await Promise.all(ends);
  }
}

const given = process.argv.slice(2);
const rounds = Number(given.find((word) => !word.includes('=')) ?? 3);
const subjects = makeSubjects();
const list = (name, otherwise) =>
  (given.find((word) => word.startsWith(`${name}=`))?.slice(name.length + 1) ?? otherwise).split(
    ';',
  );
const names = list('subjects', 'ext4;kernel overlay;by-node;passthrough');
const only = list('only', Object.keys(STEPS).join(';'));
const counts = list('workers', '1;2;8').map(Number);
const place = mkdtempSync(join(tmpdir(), 'concurrent-bench-'));
const before = loadavg()[0];
const best = {};
try {
  const archives = makeBase(place, 60);
  await onFreshDisks(
    { place, archive: archives.base, rounds, names, subjects },
    async (root, name) => {
      for (const [step, what] of Object.entries(STEPS).filter(([step]) => only.includes(step))) {
        if (what.prepare) await together(root, { work: what.prepare, total: 1 }, 1);
        for (const workers of counts) {
          const row = (best[`${step}; ${workers}`] ??= { total: what.total });
          const ms = await together(root, what, workers);
          row[name] = Math.min(row[name] ?? Infinity, ms);
        }
      }
    },
  );
} finally {
  rmSync(place, { recursive: true, force: true });
}

console.log(`${cpus().length} CPUs, load before ${before.toFixed(2)}, best of ${rounds}`);
console.log(`| operations a second; processes | ${names.join(' | ')} |`);
console.log(`|---|${names.map(() => '---|').join('')}`);
for (const [step, { total, ...row }] of Object.entries(best)) {
  const cells = names.map((name) => {
    const times = name === 'ext4' || !row.ext4 ? '' : ` (${(row[name] / row.ext4).toFixed(1)})`;
    return `${Math.round(total / (row[name] / 1000)).toLocaleString('en')}${times}`;
  });
  console.log(`| ${step} | ${cells.join(' | ')} |`);
}
