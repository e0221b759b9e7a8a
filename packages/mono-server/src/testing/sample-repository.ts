import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { git } from './git.js';

/** A working tree with one of everything that git can store; two commits, a lightweight and an annotated tag. */
export async function sampleRepository(path: string): Promise<string> {
  await mkdir(join(path, 'src', 'deep'), { recursive: true });
  await git(path, 'init', '--quiet', '--initial-branch=main');
  await writeFile(join(path, 'README.md'), '# sample\n');
  await writeFile(join(path, 'src', 'a.ts'), 'export const a = 1;\n');
  await writeFile(join(path, 'src', 'a+b'), 'plus\n');
  await writeFile(join(path, 'src', 'deep', 'leaf'), '');
  await writeFile(join(path, 'run.sh'), '#!/bin/sh\n');
  await chmod(join(path, 'run.sh'), 0o755);
  await symlink('README.md', join(path, 'link'));
  await git(path, 'add', '--all');
  const submodule = '1234567890123456789012345678901234567890';
  await git(path, 'update-index', '--add', '--cacheinfo', `160000,${submodule},vendor`);
  await git(path, 'commit', '--quiet', '-m', 'first');
  await git(path, 'tag', 'v1');
  await writeFile(join(path, 'src', 'a.ts'), 'export const a = 2;\n');
  await git(path, 'commit', '--quiet', '-m', 'second', 'src/a.ts');
  await git(path, 'tag', '-a', '-m', 'annotated', 'v2');
  return git(path, 'rev-parse', 'HEAD');
}
