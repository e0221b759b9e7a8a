// What a writable view costs: the overlay of this project, in both data modes, beside ext4, the kernel's overlay, fuse-overlayfs and
// bindfs, each started by its own command, in one run, rounds alternating, each on a fresh ext4 in a file: on one that is in use, making
// files takes many times longer while others remove some. Prints the best time of each, and how many times ext4's it is. Needs root and loop devices; build first.
//   npx tsc -b && node scripts/bench/overlay.mjs [files] [rounds] ['only=step;step'] ['subjects=ext4;by-node']
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { onFreshDisks } from './lib/on-fresh-disks.mjs';
import { makeBase } from './lib/overlay-base.mjs';
import { STEPS, timeStep } from './lib/overlay-steps.mjs';
import { makeSubjects } from './lib/overlay-subjects.mjs';
import { makeSourceArchive } from './lib/source-archive.mjs';

const given = process.argv.slice(2);
const [files = 3000, rounds = 3] = given.filter((arg) => !arg.includes('=')).map(Number);
const list = (name) =>
  given
    .find((arg) => arg.startsWith(`${name}=`))
    ?.slice(name.length + 1)
    .split(';');
const place = mkdtempSync(join(tmpdir(), 'overlay-bench-'));
const steps = Object.keys(STEPS).filter((step) => list('only')?.includes(step) ?? true);
const subjects = makeSubjects();
const wanted = list('subjects') ?? Object.keys(subjects);
const best = {};
try {
  const archives = { ...makeBase(place, files), source: makeSourceArchive(place) };
  await onFreshDisks(
    { place, archive: archives.base, rounds, names: wanted, subjects },
    (root, name) => {
      for (const step of steps) {
        const ms = timeStep(root, step, { files, archives });
        const row = (best[step] ??= {});
        row[name] = Math.min(row[name] ?? Infinity, ms);
      }
    },
  );
} finally {
  rmSync(place, { recursive: true, force: true });
}

console.log(`| ms, best of ${rounds}, ${files} files | ${wanted.join(' | ')} |`);
console.log(`|---|${wanted.map(() => '---|').join('')}`);
for (const [step, row] of Object.entries(best)) {
  // Only an overlay copies up.
  const one = step.startsWith('copy-up') ? undefined : row.ext4;
  const cells = wanted.map((subject) => {
    const ms = row[subject];
    const times = subject === 'ext4' || one === undefined ? '' : ` (${(ms / one).toFixed(1)})`;
    return `${ms.toFixed(ms < 10 ? 1 : 0)}${times}`;
  });
  console.log(`| ${step} | ${cells.join(' | ')} |`);
}
