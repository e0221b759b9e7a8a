// Enters a directory, lists it with all below but .git, stats and reads every file, one after the other:
//   node scripts/read-perf.mjs DIRECTORY
// The figures are those of 0.2.x's fs_read_perf. Exit codes: 1 it cannot be entered, 2 no directory was given.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

const [, , directory, ...more] = process.argv;
if (directory === undefined || more.length > 0 || !isDirectory(directory)) {
  console.error('usage: read-perf.mjs DIRECTORY');
  process.exit(2);
}
try {
  process.chdir(directory);
} catch (error) {
  console.error(`cannot enter ${directory}: ${error.message}`);
  process.exit(1);
}

function isDirectory(path) {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}

function list(at, into) {
  for (const entry of readdirSync(at, { withFileTypes: true })) {
    if (entry.isDirectory() && entry.name !== '.git') list(join(at, entry.name), into);
    else if (entry.isFile()) into.push(join(at, entry.name));
  }
  return into;
}

function timed(work) {
  const start = performance.now();
  const result = work();
  return { result, seconds: (performance.now() - start) / 1000 };
}

const listed = timed(() => list('.', []));
const files = listed.result;
const stats = timed(() => files.filter((path) => statSync(path).isFile()).length);
const read = timed(() => files.reduce((sum, path) => sum + readFileSync(path).length, 0));
const mb = read.result / 1e6;
console.log(`files found: ${files.length}`);
console.log(`list time: ${listed.seconds.toFixed(6)} s`);
console.log(`stat count: ${stats.result}`);
console.log(
  `stat time: ${stats.seconds.toFixed(6)} s, ${(stats.result / stats.seconds).toFixed(2)} files/s`,
);
console.log(`read: ${mb.toFixed(2)} MB`);
console.log(`read time: ${read.seconds.toFixed(6)} s, ${(mb / read.seconds).toFixed(2)} MB/s`);
