import fs from 'node:fs';

import { afterAll, beforeAll, describe, test } from '@jest/globals';
import {
  canMount,
  leakCheck,
  MountedClient,
  runBehaviour,
  serveInChild,
} from '@scorpiofs/fuse/testing';

import { makeFolders } from './testing/layers.js';

const ON_DISK = {
  'xattr: largest value': 'that is up to the host: ext4 keeps the xattrs of a file in one block',
};

/** Issue 4 items 4 and 6, mounted: host directories, one lower, by the kernel transport, data both ways. */
for (const data of canMount() ? ['by-node', 'passthrough'] : []) {
  const title = `OverlayFs on disk, 1 lower, data ${data}`;
  runBehaviour({ describe, test, beforeAll, afterAll }, title, 'mounted', {
    skips: ON_DISK,
    async create() {
      const noLeaks = await leakCheck();
      const folders = makeFolders(1);
      const served = await serveInChild({
        module: new URL('../dist/testing/served.js', import.meta.url).href,
        export: 'createDiskOverlay',
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
