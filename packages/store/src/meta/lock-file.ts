import { closeSync, openSync, statSync, writeSync } from 'node:fs';
import { errno, FALLOC, fallocate } from '@scorpiofs/posix';
import { noRoom } from '../errors.js';

/** What LMDB gives it: 126 readers of 64 bytes, and a head. */
const LENGTH = 8272;

/**
 * Gives LMDB's lock file its blocks. Processes share it through a map: a page of it that has no block yet, first touched while the
 * disk is full, kills them (SIGBUS; LMDB only sets its length). Throws `StoreError` where there is no room for it.
 */
export function prepareLockFile(path: string): void {
  const found = statSync(path, { throwIfNoEntry: false });
  const size = found?.size ?? 0;
  // Opened only where needed: closing it gives up the locks that another environment of this process holds on it.
  if (found !== undefined && size >= LENGTH && found.blocks * 512 >= size) return;
  const fd = openSync(path, 'a', 0o600);
  try {
    const failed = fallocate(fd, FALLOC.KEEP_SIZE, 0, Math.max(size, LENGTH));
    if (failed === -errno.ENOSPC || failed === -errno.EDQUOT)
      throw noRoom(path, 'the disk is full');
    // A file system that reserves nothing: blocks come with bytes. Never over what is there.
    if (failed !== 0 && size === 0) writeSync(fd, Buffer.alloc(LENGTH));
  } finally {
    closeSync(fd);
  }
}
