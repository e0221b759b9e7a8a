import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

import { afterAll, beforeAll, describe, test } from '@jest/globals';
import { DirectClient, runBehaviour } from '@scorpiofs/fuse/testing';
import { setxattr } from '@scorpiofs/posix';

import { isRoot } from './driver.js';
import { PassthroughFs } from './passthrough-fs.js';

/**
 * A folder for the source. tmpfs is quicker, and finds nothing by handle once it is unlinked; but older kernels keep no
 * user xattrs there.
 */
function makeSource(place: string): string {
  const dir = fs.mkdtempSync(path.join(place, 'passthrough-'));
  fs.chmodSync(dir, 0o755);
  return dir;
}

function isGood(place: string): boolean {
  if (!fs.existsSync(place)) return false;
  const dir = makeSource(place);
  const good = setxattr(Buffer.from(dir), 'user.probe', Buffer.from('x')) === 0;
  fs.rmSync(dir, { recursive: true });
  return good;
}

const tmpfs = isGood('/dev/shm') ? '/dev/shm' : os.tmpdir();

const KERNEL_DOES_IT =
  'the kernel drops the bit before it asks (setattr_prepare): only it knows the supplementary groups';
const SKIPS = {
  'statfs: counts what is stored': "others write to the host's file system at the same time",
  'chmod: set-group-id of a foreign group': KERNEL_DOES_IT,
  'xattr: largest value': 'that is up to the host: ext4 keeps the xattrs of a file in one block',
};

const TMPFS_SKIPS = { 'fallocate: ZERO_RANGE': 'tmpfs has no ZERO_RANGE' };

/** Issue 4 item 6: the behavioural suite over a host directory, with nodes named by handle and by name. */
if (isRoot) {
  for (const { handles, place } of [
    { handles: 'auto', place: os.tmpdir() },
    { handles: 'never', place: tmpfs },
  ] as const) {
    runBehaviour({ describe, test, beforeAll, afterAll }, `PassthroughFs (${handles})`, 'direct', {
      skips: place === '/dev/shm' ? { ...SKIPS, ...TMPFS_SKIPS } : SKIPS,
      create: async () => {
        const dir = makeSource(place);
        const passthrough = new PassthroughFs(dir, { handles });
        return {
          client: new DirectClient(passthrough),
          close: async () => {
            passthrough.destroy();
            execFileSync('rm', ['-rf', dir]);
          },
        };
      },
    });
  }
} else test.skip('the behavioural suite needs root: it acts for other users', () => undefined);
