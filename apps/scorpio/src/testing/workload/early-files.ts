import { equal } from 'node:assert/strict';
import { mkdir, open, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

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

/** The kernel forgets what it need not know; needs root. */
export async function forget(): Promise<void> {
  await using drop = await open('/proc/sys/vm/drop_caches', 'w');
  await drop.write('2');
}
