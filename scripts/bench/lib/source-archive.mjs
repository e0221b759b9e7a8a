import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { fileSizes, layout, random, SHAPES, text } from './make-repo.mjs';

/** A source tree as it is downloaded: a .tar.gz of 2,000 text files, the same on every run. */
export function makeSourceArchive(place) {
  const shape = SHAPES.S;
  const [tree, archive] = [join(place, 'source'), join(place, 'source.tar.gz')];
  const rand = random(shape.seed + 200);
  const dirs = layout(shape);
  for (const dir of dirs) mkdirSync(join(tree, dir), { recursive: true });
  fileSizes(rand, shape).forEach((size, i) => {
    const dir = dirs[i] ?? dirs[(rand() * dirs.length) | 0];
    writeFileSync(join(tree, dir, `f${i}.rs`), text(rand, size));
  });
  execFileSync('tar', ['-C', tree, '-czf', archive, '.']);
  rmSync(tree, { recursive: true });
  return archive;
}
