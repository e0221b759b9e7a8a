import { afterAll, beforeAll, describe, test } from '@jest/globals';
import { runBehaviour } from './behaviour.js';
import { canMount } from './can-mount.js';
import { leakCheck } from './leaks.js';
import { MountedClient } from './mounted-client.js';
import { serveInChild } from './serve-in-child.js';

if (!canMount()) {
  test.skip('the suite on a kernel mount: needs root and /dev/fuse', () => {});
} else {
  runBehaviour(
    { describe, test, beforeAll, afterAll },
    'MemoryFs by the kernel transport',
    'mounted',
    {
      skips: {},
      async create() {
        const noLeaks = await leakCheck();
        const served = await serveInChild({
          module: '@scorpiofs/fuse/testing',
          export: 'createMemoryFs',
          mountOptions: { transport: 'kernel', suid: true, dev: true },
        });
        return {
          client: new MountedClient(served.mountpoint),
          async close() {
            await served.stop();
            await noLeaks();
          },
        };
      },
    },
  );
}
