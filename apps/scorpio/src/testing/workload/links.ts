import { equal } from 'node:assert/strict';
import { appendFile, link, mkdir, readFile, readlink, stat, symlink } from 'node:fs/promises';
import { join } from 'node:path';

/** Hard links to a file of the base and of the upper, and symbolic links (W-78). */
export async function links(directory: string, times: number, baseFile: string): Promise<void> {
  const place = join(directory, 'links');
  await mkdir(place, { recursive: true });
  for (let i = 0; i < times; i++) await link(join(directory, baseFile), join(place, `hard-${i}`));
  const [one, other] = await Promise.all(
    [join(directory, baseFile), join(place, `hard-${times - 1}`)].map((p) =>
      stat(p, { bigint: true }),
    ),
  );
  equal(one?.ino, other?.ino);
  equal(other?.nlink, BigInt(times) + 1n);
  await appendFile(join(place, 'hard-0'), 'through a link\n');
  equal((await readFile(join(directory, baseFile), 'utf8')).endsWith('through a link\n'), true);
  await symlink('hard-0', join(place, 'soft'));
  equal(await readlink(join(place, 'soft')), 'hard-0');
  equal((await readFile(join(place, 'soft'), 'utf8')).endsWith('through a link\n'), true);
}
