import { equal } from 'node:assert/strict';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const WRITERS = 4;
const contentOf = (i: number): string => `output of action ${i}\n`.repeat((i % 7) + 1);

/** Outputs of many actions: small files in nested directories that racing writers all make with `mkdir -p`. */
export async function smallFiles(directory: string, count: number): Promise<void> {
  const top = join(directory, 'buck-out/gen');
  const placeOf = (i: number): string => join(top, `d${i % 13}`, `e${i % 5}`);
  const write = async (first: number): Promise<void> => {
    for (let i = first; i < count; i += WRITERS) {
      await mkdir(placeOf(i), { recursive: true });
      await writeFile(join(placeOf(i), `out-${i}`), contentOf(i));
    }
  };
  await Promise.all(Array.from({ length: WRITERS }, (_, first) => write(first)));
  const entries = await readdir(top, { recursive: true, withFileTypes: true });
  equal(entries.filter((e) => e.isFile()).length, count);
  for (let i = 0; i < count; i += 1 + Math.floor(count / 200))
    equal(await readFile(join(placeOf(i), `out-${i}`), 'utf8'), contentOf(i));
}
