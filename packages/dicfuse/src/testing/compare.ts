import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { lstat, readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';

/** What a directory holds: path to type, mode and content. */
export async function contentsOf(top: string): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  const below = async (relative: string): Promise<void> => {
    const names = await readdir(join(top, relative), { encoding: 'buffer' });
    for (const name of names) {
      const path =
        relative === '' ? name.toString('latin1') : `${relative}/${name.toString('latin1')}`;
      const full = Buffer.from(`${top}/`, 'utf8');
      const bytes = Buffer.concat([full, Buffer.from(path, 'latin1')]);
      const { mode } = await lstat(bytes);
      const octal = mode.toString(8);
      if ((mode & 0o170000) === 0o040000) {
        found.set(path, octal);
        await below(path);
      } else if ((mode & 0o170000) === 0o120000) {
        found.set(
          path,
          `${octal} ${(await readlink(bytes, { encoding: 'buffer' })).toString('latin1')}`,
        );
      } else found.set(path, `${octal} ${(await readFile(bytes)).toString('latin1')}`);
    }
  };
  await below('');
  return found;
}

/** Unpacks `git archive` of a commit. */
export async function unpackArchive(repo: string, commit: string, into: string): Promise<void> {
  const git = spawn('git', ['-C', repo, '-c', 'tar.umask=0022', 'archive', commit], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const tar = spawn('tar', ['-x', '-p', '-C', into], { stdio: [git.stdout, 'inherit', 'inherit'] });
  // tar has its own copy.
  git.stdout.destroy();
  const codes = await Promise.all([once(git, 'exit'), once(tar, 'exit')]);
  if (codes.some(([code]) => code !== 0)) throw new Error('git archive failed');
}
