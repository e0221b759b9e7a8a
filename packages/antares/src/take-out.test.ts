import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { canMount } from '@scorpiofs/fuse/testing';
import { isMounted } from './take-out.js';

const root = canMount() ? test : test.skip;

root(
  'W-31, A-22: the mount table is believed, for names of any kind and not for parts of them',
  async () => {
    const dir = realpathSync(mkdtempSync(join(tmpdir(), 'scorpio-table-')));
    const names = ['plain', 'with space', 'tab\tand\nline', 'back\\slash', 'ü # , :', '040'];
    try {
      for (const name of names) {
        const point = join(dir, name);
        mkdirSync(point);
        expect([name, await isMounted(point)]).toEqual([name, false]);
        execFileSync('mount', ['-t', 'tmpfs', 'none', point]);
        expect([name, await isMounted(point)]).toEqual([name, true]);
        expect(await isMounted(point.slice(0, -1))).toBe(false);
        expect(await isMounted(`${point}/x`)).toBe(false);
      }
      // A bind mount names the directory that it shows; that one is not mounted.
      const [shown, at] = ['shown', 'at'].map((name) => join(dir, 'plain', name));
      mkdirSync(shown ?? '');
      mkdirSync(at ?? '');
      execFileSync('mount', ['--bind', shown ?? '', at ?? '']);
      expect([await isMounted('/shown'), await isMounted(at ?? '')]).toEqual([false, true]);
    } finally {
      execFileSync('sh', ['-c', 'umount -l "$0"/plain/at "$0"/* 2>/dev/null || true', dir]);
      rmSync(dir, { recursive: true });
    }
  },
);
