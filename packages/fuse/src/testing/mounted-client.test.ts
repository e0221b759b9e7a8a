import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, test } from '@jest/globals';
import { fsTypes, statfs } from '@scorpiofs/posix';
import { runBehaviour } from './behaviour.js';
import { MountedClient } from './mounted-client.js';

const there = statfs(tmpdir());
const isExt4 = typeof there !== 'number' && there.type === fsTypes.ext4;

// The suite's own test: what it demands must be what ext4 does.
if (process.getuid?.() !== 0 || !isExt4) {
  test.skip('the suite on ext4 itself: needs root and an ext4 below the temporary folder', () => {});
} else {
  runBehaviour({ describe, test, beforeAll, afterAll }, 'ext4', 'mounted', {
    skips: {
      'xattr: largest value': 'ext4 keeps the xattrs of a file in one block, the VFS allows 64 KiB',
    },
    async create() {
      const dir = mkdtempSync(join(tmpdir(), 'scorpiofs-host-'));
      chmodSync(dir, 0o755);
      return {
        client: new MountedClient(dir),
        async close() {
          rmSync(dir, { recursive: true });
        },
      };
    },
  });
}
