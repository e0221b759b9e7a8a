// Makes a data set of 0.2.x's measurements: node scripts/data-set.mjs small|thousand DIRECTORY
// Two trees 1/2/3/4/5/6 and 2/2/3/4/5/6 of random files; `small` has 10 of 1 MiB, `thousand` 1000 of 20 to 100 KiB.
import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** KiB of a file, and how many there are of it, at the levels 2 to 6. */
const SETS = {
  small: [1024, 1024, 1024, 1024, 1024].map((kib) => ({ kib, count: 1 })),
  thousand: [
    { kib: 100, count: 50 },
    { kib: 80, count: 50 },
    { kib: 60, count: 100 },
    { kib: 40, count: 150 },
    { kib: 20, count: 150 },
  ],
};

const [, , name, directory] = process.argv;
const set = SETS[name];
if (set === undefined || directory === undefined) {
  console.error(`usage: data-set.mjs ${Object.keys(SETS).join('|')} DIRECTORY`);
  process.exit(2);
}
let files = 0;
let bytes = 0;
for (const tree of [1, 2]) {
  let at = join(directory, String(tree));
  for (const [i, { kib, count }] of set.entries()) {
    const level = i + 2;
    at = join(at, String(level));
    mkdirSync(at, { recursive: true });
    for (let n = 1; n <= count; n++) {
      const label = name === 'small' ? `1M_${tree}_${level}` : `${kib}K_${tree}_${level}_${n}`;
      writeFileSync(join(at, `${label}.bin`), randomBytes(kib * 1024));
      files++;
      bytes += kib * 1024;
    }
  }
}
console.log(`${files} files, ${bytes / 1024} KiB in ${directory}`);
