import { equal } from 'node:assert/strict';
import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';

/** A file that is replaced again and again by rename while others look: whole, old or new, never absent. `baseFile` is one of the base. */
export async function replace(directory: string, times: number, baseFile: string): Promise<void> {
  const place = join(directory, 'replace');
  await mkdir(place, { recursive: true });
  for (const target of [join(place, 'state.json'), join(directory, baseFile)]) {
    await rename(await written(place, 'first\n'), target);
    const old = await open(target);
    let stop = false;
    const looking = (async (): Promise<void> => {
      while (!stop) equal(/^(first|value \d+)\n$/.test(await readFile(target, 'utf8')), true);
    })();
    for (let i = 0; i < times; i++) await rename(await written(place, `value ${i}\n`), target);
    stop = true;
    await looking;
    equal(await readFile(target, 'utf8'), `value ${times - 1}\n`);
    // Who had it open goes on reading what it was.
    equal(await old.readFile('utf8'), 'first\n');
    await old.close();
  }
}

async function written(place: string, content: string): Promise<string> {
  const path = join(place, 'new');
  await using file = await open(path, 'w');
  await file.writeFile(content);
  await file.sync();
  return path;
}
