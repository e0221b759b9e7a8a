import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { makeTemporaryData, sweepAbandonedData } from './temporary-data.js';

let parent = '';
beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'scorpio-sweep-'));
});
afterEach(() => rmSync(parent, { recursive: true }));

describe('data of servers that were killed', () => {
  test('goes when its process is gone; living, foreign and other files stay', async () => {
    const mine = await makeTemporaryData(parent);
    const dead = spawnSync('true').pid;
    const space = /\d+/.exec(readlinkSync('/proc/self/ns/pid'))?.[0] ?? '';
    const abandoned = join(parent, `scorpio-mono-${dead}.${space}-abc`);
    const elsewhere = join(parent, `scorpio-mono-${dead}.1-abc`);
    const other = join(parent, 'scorpio-mono-notes');
    for (const dir of [abandoned, elsewhere, other]) mkdirSync(dir);
    writeFileSync(join(abandoned, 'object'), 'x');
    await sweepAbandonedData(parent);
    expect(existsSync(abandoned)).toBe(false);
    for (const kept of [mine, elsewhere, other])
      expect([basename(kept), existsSync(kept)]).toEqual([basename(kept), true]);
  });
});
