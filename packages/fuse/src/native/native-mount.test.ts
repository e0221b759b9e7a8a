import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { readMountTable } from '../mount/mount-table.js';
import { runBehaviour } from '../testing/behaviour.js';
import { canMount } from '../testing/can-mount.js';
import { leakCheck } from '../testing/leaks.js';
import { MountedClient } from '../testing/mounted-client.js';
import { NATIVE_SKIPS } from '../testing/native-skips.js';
import { serveInChild } from '../testing/serve-in-child.js';
import { until } from '../testing/until.js';

if (!canMount() || process.arch !== 'x64') {
  test.skip('the suite on a fuse-native mount: needs root, /dev/fuse and x64', () => {});
} else {
  runBehaviour({ describe, test, beforeAll, afterAll }, 'MemoryFs by fuse-native', 'mounted', {
    skips: NATIVE_SKIPS,
    async create() {
      const noLeaks = await leakCheck();
      const served = await serveInChild({
        module: '@scorpiofs/fuse/testing',
        export: 'createMemoryFs',
        mountOptions: { transport: 'fuse-native', suid: true, dev: true, allowOther: true },
      });
      return {
        client: new MountedClient(served.mountpoint),
        async close() {
          await served.stop();
          await noLeaks();
        },
      };
    },
  });

  test('an unmount by somebody else ends the session and the daemon', async () => {
    const served = await serveInChild({
      module: '@scorpiofs/fuse/testing',
      export: 'createMemoryFs',
      mountOptions: { transport: 'fuse-native' },
    });
    await promisify(execFile)('umount', ['-l', served.mountpoint], { timeout: 120_000 });
    await until('the daemon ends', () => !existsSync(`/proc/${served.pid}`));
    await served.stop();
    const table = await readMountTable();
    expect(table.some((entry) => entry.mountpoint === served.mountpoint)).toBe(false);
  });

  test('unmounting with a file open: the program gets ENOTCONN or its bytes, the daemon ends', async () => {
    const served = await serveInChild({
      module: '@scorpiofs/fuse/testing',
      export: 'createMemoryFs',
      mountOptions: { transport: 'fuse-native' },
    });
    const client = new MountedClient(served.mountpoint);
    await client.writeFile('f', 'bytes');
    const file = await client.open('f', 0);
    await served.stop();
    await expect(file.read(10, 0)).rejects.toThrow(/errno/);
    await file.close().catch(() => undefined);
    expect(existsSync(served.mountpoint)).toBe(false);
  });
}
