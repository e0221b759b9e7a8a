// What the rows behind a delay look at: a file 16 levels deep, 200 modules of 80 files, one file of 50 MB.
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { random } from './make-repo.mjs';

/** The file whose path has 16 names. */
export const DEEP = [...Array.from({ length: 15 }, (_, i) => `level${i}`), 'leaf'].join('/');

/** Makes the repository at `dir` and returns it. */
export function makeDistant(dir) {
  const write = (path, content) => {
    mkdirSync(dirname(join(dir, path)), { recursive: true });
    writeFileSync(join(dir, path), content);
  };
  write(DEEP, 'x'.repeat(2000));
  for (let module = 0; module < 200; module++)
    for (let file = 0; file < 80; file++)
      write(`m${module}/f${file}`, `${module} ${file} `.repeat(300));
  const rand = random(3);
  // Nothing in it compresses.
  write(
    'big',
    Buffer.from(Uint32Array.from({ length: 12_500_000 }, () => rand() * 2 ** 32).buffer),
  );
  const git = (...args) =>
    execFileSync('git', ['-c', 'user.name=Bench', '-c', 'user.email=b@example.invalid', ...args], {
      cwd: dir,
    });
  git('init', '-q', '-b', 'main');
  git('add', '.');
  git('commit', '-q', '-m', 'bench');
  return dir;
}
