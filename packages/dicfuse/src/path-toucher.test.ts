import { mkdtemp, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { PathToucher } from './path-toucher.js';

test('answers for every path, whatever it is, and leaves no process', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'scorpio-touch-'));
  try {
    await using toucher = new PathToucher();
    const odd = `${folder}/a\\b\nc \xff "$(touch injected)"`;
    await writeFile(Buffer.from(odd, 'latin1'), '');
    await utimes(folder, 1, 1);
    await Promise.all([
      toucher.touch(odd),
      toucher.touch(`${folder}/no such file`),
      toucher.touch(''),
    ]);
    await expect(stat('/injected')).rejects.toMatchObject({ code: 'ENOENT' });
    await toucher.close();
    await toucher.touch(odd);
  } finally {
    await rm(folder, { recursive: true });
  }
});
