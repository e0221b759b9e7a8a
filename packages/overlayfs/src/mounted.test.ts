import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';

import { afterAll, beforeAll, describe, test } from '@jest/globals';
import {
  canMount,
  leakCheck,
  MountedClient,
  runBehaviour,
  serveInChild,
} from '@scorpiofs/fuse/testing';

import { makeFolders } from './testing/layers.js';

const ONCE = 'large, and the same with any number of lowers: it runs with one';

const ON_DISK = {
  'xattr: largest value': 'that is up to the host: ext4 keeps the xattrs of a file in one block',
};

/**
 * The suite's directories exist in the lowest layer with something in them, and are whited out above it: whatever is made
 * anew must not show that.
 */
function fill([, middle = '', lowest = '']: readonly string[]): void {
  for (let i = 0; i < 200; i++) {
    fs.mkdirSync(path.join(lowest, `case-${i}/dir`), { recursive: true });
    fs.writeFileSync(path.join(lowest, `case-${i}/file`), 'must not be seen');
  }
  const script = 'for i in $(seq 0 199); do mknod "$1/case-$i" c 0 0; done';
  execFileSync('sh', ['-ec', script, 'sh', middle], { timeout: 120_000 });
}

const SUBJECTS = [
  { lowers: 1, data: 'by-node' },
  { lowers: 3, data: 'by-node' },
  { lowers: 3, data: 'passthrough' },
];

/** Issue 4 items 4 and 6, mounted: host directories, one lower and three, by the kernel transport, data both ways. */
for (const { lowers, data } of canMount() ? SUBJECTS : []) {
  const title = `OverlayFs on disk, ${lowers} lowers, data ${data}`;
  runBehaviour({ describe, test, beforeAll, afterAll }, title, 'mounted', {
    skips:
      lowers === 1
        ? ON_DISK
        : { ...ON_DISK, 'file: 5 MiB in one piece': ONCE, 'readdir: 10,000 names': ONCE },
    async create() {
      const noLeaks = await leakCheck();
      const folders = makeFolders(lowers);
      if (lowers === 3) fill(folders.lowers);
      const served = await serveInChild({
        module: new URL('../dist/testing/served.js', import.meta.url).href,
        export: 'createDiskOverlay',
        // The least file is passed through too.
        args: [folders, 'kernel', data, 0],
        mountOptions: { transport: 'kernel', allowOther: true, suid: true, dev: true },
      });
      return {
        client: new MountedClient(served.mountpoint),
        async close() {
          await served.stop();
          fs.rmSync(folders.dir, { recursive: true });
          await noLeaks();
        },
      };
    },
  });
}
if (!canMount()) test.skip('the suite on a mount needs root and /dev/fuse', () => undefined);
