import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

import { setxattr } from '@scorpiofs/posix';

/** For tests: a fresh folder for a source, open to all. */
export function makeSource(place: string): string {
  const dir = fs.mkdtempSync(path.join(place, 'passthrough-'));
  fs.chmodSync(dir, 0o777);
  return dir;
}

function isGood(place: string): boolean {
  if (!fs.existsSync(place)) return false;
  const dir = makeSource(place);
  const good = setxattr(Buffer.from(dir), 'user.probe', Buffer.from('x')) === 0;
  fs.rmSync(dir, { recursive: true });
  return good;
}

/**
 * For tests: tmpfs is quicker than ext4, and finds nothing by handle once it is unlinked. But older kernels keep no user
 * xattrs there: then the temporary folder.
 */
export const tmpfs = isGood('/dev/shm') ? '/dev/shm' : os.tmpdir();

/** Cases of the behavioural suite that say something about the host and not about us. */
export function skipsAt(place: string): Readonly<Record<string, string>> {
  return {
    'xattr: largest value': 'that is up to the host: ext4 keeps the xattrs of a file in one block',
    ...(place === '/dev/shm' ? { 'fallocate: ZERO_RANGE': 'tmpfs has no ZERO_RANGE' } : {}),
  };
}
