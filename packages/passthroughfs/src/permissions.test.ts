import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
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

import { makeSource, tmpfs } from './source-folder.js';

const mountTest = canMount() ? test : test.skip;

mountTest(
  'issue 4 item 1: what other users may do, and what becomes of it, is as in the source itself (needs root, /dev/fuse)',
  async () => {
    const noLeaks = await leakCheck();
    const dir = makeSource(tmpfs);
    const [source, plain] = [path.join(dir, 'source'), path.join(dir, 'plain')];
    try {
      mkdirSync(source);
      await buildPermissionTree(source);
      execFileSync('cp', ['-a', source, plain]);
      const served = await serveInChild({
        module: new URL('../dist/served.js', import.meta.url).href,
        export: 'createPassthroughFs',
        args: [source],
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
      execFileSync('rm', ['-rf', dir]);
    }
    await noLeaks();
  },
);
