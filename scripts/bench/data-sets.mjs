// The measurements of 0.2.x on its own data sets (PERF-04): each round serves a set from a store that is empty and reads it once cold
// and once warm, as `scripts/read-perf.mjs` does. Prints medians with the least and the most. Build first:
//   npx tsc -b && node scripts/bench/data-sets.mjs [ROUNDS, default 7]
import { execFileSync } from 'node:child_process';
import { availableParallelism, totalmem } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { Scratch } from '../../apps/scorpio/dist/testing/scratch.js';

const rounds = Number(process.argv[2] ?? 7);
const script = (name) => fileURLToPath(new URL(`../${name}`, import.meta.url));
const LIMIT = { timeout: 120_000, killSignal: 'SIGKILL', encoding: 'utf8' };

/** Milliseconds to list, seconds to read, and MB per second, of one reading. */
function read(directory) {
  const said = execFileSync(process.execPath, [script('read-perf.mjs'), directory], LIMIT);
  const number = (pattern) => Number(pattern.exec(said)?.[1]);
  return {
    list: number(/^list time: ([\d.]+)/m) * 1000,
    read: number(/^read time: ([\d.]+)/m),
    rate: number(/^read time: .* ([\d.]+) MB\/s/m),
  };
}

async function round(set) {
  const scratch = new Scratch();
  try {
    return await served(set, scratch);
  } finally {
    await scratch[Symbol.asyncDispose]();
  }
}

async function served(set, scratch) {
  const data = join(scratch.dir, 'repo');
  execFileSync(process.execPath, [script('data-set.mjs'), set, data]);
  scratch.repository({ README: set });
  const daemon = scratch.start(['-c', '/dev/null', 'serve', '--repo', data]);
  await daemon.url();
  const figures = { cold: read(scratch.mnt), warm: read(scratch.mnt) };
  daemon.signal('SIGTERM');
  await daemon.ended;
  return figures;
}

function row(what, values, digits, unit) {
  const sorted = values.toSorted((a, b) => a - b);
  const [least, median, most] = [sorted[0], sorted[sorted.length >> 1], sorted.at(-1)];
  const shown = [median, least, most].map((value) => value.toFixed(digits));
  console.log(`| ${what} | ${shown[0]} ${unit} | ${shown[1]} to ${shown[2]} |`);
}

const gib = Math.round(totalmem() / 2 ** 30);
console.log(`${rounds} rounds, ${availableParallelism()} processors, ${gib} GiB\n`);
console.log('| what | median | least to most |\n|---|---|---|');
for (const set of ['small', 'thousand']) {
  const all = [];
  for (let i = 0; i < rounds; i++) all.push(await round(set));
  for (const when of ['cold', 'warm']) {
    const of = (what) => all.map((figures) => figures[when][what]);
    row(`${set}: list, ${when}`, of('list'), 1, 'ms');
    row(`${set}: read, ${when}`, of('read'), 2, 's');
    row(`${set}: read, ${when}`, of('rate'), 0, 'MB/s');
  }
}
