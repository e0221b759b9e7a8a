import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';

import { probeHostMarks } from './host-marks.js';

test('D5: root writes the kernel overlay’s marks, a user others; the trial leaves nothing', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'host-marks-'));
  try {
    const wanted = process.getuid?.() === 0 ? 'kernel' : 'oci';
    expect(probeHostMarks(directory)).toMatchObject({ marks: wanted });
    expect(await readdir(directory)).toEqual([]);
  } finally {
    await rm(directory, { recursive: true });
  }
});
