import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';

import { expect, test } from '@jest/globals';
import {
  buildPermissionTree,
  canMount,
  leakCheck,
  permissionDifferences,
  runPermissionTree,
  serveInChild,
} from '@scorpiofs/fuse/testing';

import { makeFolders } from './testing/layers.js';

const place = fs.existsSync('/dev/shm') ? '/dev/shm' : undefined;
const mountTest = canMount() ? test : test.skip;

mountTest(
  'OV-23: what other users may do, and what becomes of it, is as on the file system below, for files of a lower (needs root, /dev/fuse)',
  async () => {
    const noLeaks = await leakCheck();
    const folders = makeFolders(1, place);
    const [lower = ''] = folders.lowers;
    try {
      await buildPermissionTree(lower);
      const plain = path.join(folders.dir, 'plain');
      execFileSync('cp', ['-a', lower, plain]);
      const served = await serveInChild({
        module: new URL('../dist/testing/served.js', import.meta.url).href,
        export: 'createDiskOverlay',
        args: [folders],
        mountOptions: { transport: 'kernel', allowOther: true, suid: true, dev: true },
      });
      try {
        const wanted = await runPermissionTree(plain);
        const got = await runPermissionTree(served.mountpoint);
        expect(Object.keys(wanted).length).toBeGreaterThan(2500);
        expect(permissionDifferences(wanted, got)).toEqual([]);
      } finally {
        await served.stop();
      }
    } finally {
      execFileSync('rm', ['-rf', folders.dir]);
    }
    await noLeaks();
  },
);
