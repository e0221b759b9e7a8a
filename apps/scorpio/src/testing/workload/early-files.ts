import { equal } from 'node:assert/strict';
import { mkdir, open, readFile, writeFile } from 'node:fs/promises';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { readMountTable } from '@scorpiofs/fuse';

const run = promisify(execFile);

/** Writes files now; what it returns checks them later: ENOENT after the kernel forgot an inode was a past fault (O-15, mega-server §8.5). */
export async function earlyFiles(directory: string, count: number): Promise<() => Promise<void>> {
  const place = join(directory, 'early');
  await mkdir(place, { recursive: true });
  for (let i = 0; i < count; i++) await writeFile(join(place, `early-${i}`), `early ${i}\n`);
  const kept = await open(join(place, 'early-0'));
  return async () => {
    for (let i = 0; i < count; i++)
      equal(await readFile(join(place, `early-${i}`), 'utf8'), `early ${i}\n`);
    equal(await kept.readFile('utf8'), 'early 0\n');
    await kept.close();
  };
}

/** The kernel forgets what it need not know of the mounts below a folder; of no others, on which whoever else runs relies. Needs root. */
export async function forget(folder: string): Promise<void> {
  // The later ones hold what is known of the earlier ones.
  for (const { mountpoint, options } of (await readMountTable()).toReversed()) {
    if (!mountpoint.startsWith(`${folder}/`)) continue;
    const mode = options.split(',').includes('ro') ? 'ro' : 'rw';
    // No helper: it would take this for a new mount.
    await run('mount', ['-i', '-o', `remount,${mode}`, mountpoint]);
  }
}
