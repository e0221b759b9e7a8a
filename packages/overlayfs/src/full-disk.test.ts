import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';

import { expect, test } from '@jest/globals';
import { DirectClient } from '@scorpiofs/fuse/testing';

import { diskOverlay, makeFolders } from './testing/layers.js';

function canMountTmpfs(): boolean {
  if (process.getuid?.() !== 0) return false;
  const { dir } = makeFolders(0);
  try {
    execFileSync('mount', ['-t', 'tmpfs', 'none', dir], { stdio: 'pipe' });
    execFileSync('umount', [dir]);
    return true;
  } catch {
    return false;
  } finally {
    fs.rmSync(dir, { recursive: true });
  }
}

const rootTest = canMountTmpfs() ? test : test.skip;

rootTest(
  'OV-5 on a real disk: ENOSPC, the lower stays visible, the space comes back (needs root)',
  async () => {
    const outside = makeFolders(1);
    const [lower = ''] = outside.lowers;
    fs.writeFileSync(path.join(lower, 'big'), Buffer.alloc(4 << 20, 'x'));
    const small = path.join(outside.dir, 'small');
    fs.mkdirSync(small);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'none', small]);
    try {
      const folders = {
        upper: path.join(small, 'u'),
        work: path.join(small, 'w'),
        lowers: [lower],
      };
      fs.mkdirSync(folders.upper);
      fs.mkdirSync(folders.work);
      const free = fs.statfsSync(small).bfree;
      const { overlay, end } = diskOverlay(folders);
      const client = new DirectClient(overlay);
      await expect(client.appendFile('/big', 'y')).rejects.toMatchObject({ errno: 28 });
      expect((await client.readFile('/big')).length).toBe(4 << 20);
      // What is cut off needs no room.
      await client.truncate('/big', 10);
      expect(await client.text('/big')).toBe('x'.repeat(10));
      await client.unlink('/big');
      end();
      expect(fs.readdirSync(folders.upper)).toEqual(['big']);
      // Two whiteouts and their names are all that is left.
      expect(free - fs.statfsSync(small).bfree).toBeLessThan(8);
      expect(fs.statSync(path.join(lower, 'big')).size).toBe(4 << 20);
    } finally {
      execFileSync('umount', [small]);
      fs.rmSync(outside.dir, { recursive: true });
    }
  },
);
