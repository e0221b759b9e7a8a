import fs from 'node:fs';

import { afterAll, beforeAll, describe, test } from '@jest/globals';
import { MemoryFs } from '@scorpiofs/fuse';
import { DirectClient, runBehaviour } from '@scorpiofs/fuse/testing';

import { OverlayFs } from './overlay-fs.js';
import { AS_ROOT, diskOverlay, makeFolders, memoryUpper } from './testing/layers.js';
import { slowLayer } from './testing/slow-layer.js';

const runner = { describe, test, beforeAll, afterAll };
const tmpfs = fs.existsSync('/dev/shm') ? '/dev/shm' : undefined;
const isRoot = process.getuid?.() === 0;

const ONCE = 'large, and the same with any number of lowers: it runs with one';
const LARGE = { 'file: 5 MiB in one piece': ONCE, 'readdir: 10,000 names': ONCE };

/** Issue 4 item 6: the behavioural suite, with the upper alone, one lower and three. */
for (const lowers of [0, 1, 3]) {
  runBehaviour(runner, `OverlayFs in memory, ${lowers} lowers`, 'direct', {
    skips: lowers === 1 ? {} : LARGE,
    create: async () => {
      const overlay = new OverlayFs({
        upper: memoryUpper(),
        lowers: Array.from({ length: lowers }, () => ({ layer: new MemoryFs() })),
      });
      return { client: new DirectClient(overlay, AS_ROOT) };
    },
  });
}

/** D7, §3: layers that wait for a server. Operations that overlap then really do. */
runBehaviour(runner, 'OverlayFs over layers that answer later, 1 lower', 'direct', {
  create: async () => {
    const upper = memoryUpper();
    const overlay = new OverlayFs({
      upper: { ...upper, layer: slowLayer(upper.layer) },
      lowers: [{ layer: slowLayer(new MemoryFs()) }],
    });
    return { client: new DirectClient(overlay, AS_ROOT) };
  },
});

const ON_DISK = {
  'fallocate: ZERO_RANGE': 'tmpfs has no ZERO_RANGE',
  'xattr: largest value': 'that is up to the host: ext4 keeps the xattrs of a file in one block',
  'chmod: set-group-id of a foreign group':
    'the kernel drops the bit before it asks (setattr_prepare): only it knows the supplementary groups',
};

for (const lowers of isRoot ? [1] : []) {
  runBehaviour(runner, `OverlayFs on disk, ${lowers} lowers`, 'direct', {
    skips: ON_DISK,
    create: async () => {
      const folders = makeFolders(lowers, tmpfs);
      const { overlay, end } = diskOverlay(folders);
      return {
        client: new DirectClient(overlay),
        async close() {
          end();
          fs.rmSync(folders.dir, { recursive: true });
        },
      };
    },
  });
}
if (!isRoot) test.skip('the suite on disk needs root: it acts for other users', () => undefined);
