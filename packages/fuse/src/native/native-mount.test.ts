import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { readMountTable } from '../mount/mount-table.js';
import { runBehaviour } from '../testing/behaviour.js';
import { canMount } from '../testing/can-mount.js';
import { leakCheck } from '../testing/leaks.js';
import { MountedClient } from '../testing/mounted-client.js';
import { serveInChild } from '../testing/serve-in-child.js';

const noFallocate = 'libfuse 2 as the package binds it has no fallocate';
const noRenameFlags = 'libfuse 2 has no flags of rename';
const noBytes = 'the package hands names over as UTF-8 text: others are refused with EILSEQ';
const noTmpfile = 'libfuse 2 has no O_TMPFILE';
const noIdentity = 'the package does not say who asks: what is made belongs to the daemon';

/** What the second transport cannot do. */
const skips: Record<string, string> = {
  'hole: SEEK_DATA and SEEK_HOLE': 'libfuse 2 has no lseek: the whole file is data',
  'fallocate: plain': noFallocate,
  'fallocate: keeps what is there': noFallocate,
  'fallocate: KEEP_SIZE': noFallocate,
  'fallocate: PUNCH_HOLE': noFallocate,
  'fallocate: ZERO_RANGE': noFallocate,
  'fallocate: changes mtime and ctime': noFallocate,
  'random: contents like an array of bytes': noFallocate,
  'name: not UTF-8': noBytes,
  'name: every byte but NUL and slash': noBytes,
  'symlink: bytes that are not UTF-8': noBytes,
  'tmpfile: has no name': noTmpfile,
  'tmpfile: gets a name': noTmpfile,
  'tmpfile: with O_EXCL never gets a name': noTmpfile,
  'rename: NOREPLACE': noRenameFlags,
  'rename: EXCHANGE of files': noRenameFlags,
  'rename: EXCHANGE of a file and a full directory': noRenameFlags,
  'rename: EXCHANGE of two names of one file': noRenameFlags,
  'random: names like a map': noRenameFlags,
  'owner: of what is made': noIdentity,
  'permission: sticky directory': noIdentity,
  'times: set to the nanosecond':
    'the package passes milliseconds, and libfuse 2 ignores one time alone',
  'program: tar there and back':
    'libfuse 2 ignores a modification time without an access time, as tar sets it',
};

if (!canMount() || process.arch !== 'x64') {
  test.skip('the suite on a fuse-native mount: needs root, /dev/fuse and x64', () => {});
} else {
  runBehaviour({ describe, test, beforeAll, afterAll }, 'MemoryFs by fuse-native', 'mounted', {
    skips,
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
    await promisify(execFile)('umount', ['-l', served.mountpoint], { timeout: 10_000 });
    for (let i = 0; i < 100 && existsSync(`/proc/${served.pid}`); i++) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    expect(existsSync(`/proc/${served.pid}`)).toBe(false);
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
