import fs from 'node:fs';

import { afterAll, beforeAll, describe, test } from '@jest/globals';
import {
  canMount,
  leakCheck,
  MountedClient,
  NATIVE_SKIPS,
  runBehaviour,
  serveInChild,
} from '@scorpiofs/fuse/testing';

import { makeFolders } from './testing/layers.js';

const skips: Record<string, string> = {
  ...NATIVE_SKIPS,
  'xattr: largest value': 'that is up to the host: ext4 keeps the xattrs of a file in one block',
  'file: 5 MiB in one piece': 'large: the kernel transport runs it',
  'readdir: 10,000 names': 'large: the kernel transport runs it',
};

/** Issue 4 item 6, "both transports": the overlay by the second one, as far as that reaches. */
if (!canMount() || process.arch !== 'x64') {
  test.skip('the suite on a fuse-native mount: needs root, /dev/fuse and x64', () => undefined);
} else {
  runBehaviour({ describe, test, beforeAll, afterAll }, 'OverlayFs by fuse-native', 'mounted', {
    skips,
    async create() {
      const noLeaks = await leakCheck();
      const folders = makeFolders(1);
      const served = await serveInChild({
        module: new URL('../dist/testing/served.js', import.meta.url).href,
        export: 'createDiskOverlay',
        args: [folders],
        mountOptions: { transport: 'fuse-native', suid: true, dev: true, allowOther: true },
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
