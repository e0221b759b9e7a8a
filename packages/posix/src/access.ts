import { SYS } from './arch.js';
import type { Errno } from './errno.js';
import { outcome, rawCall } from './libc.js';
import { cPath, type BytePath } from './path.js';

export const R_OK = 4;
export const W_OK = 2;
export const X_OK = 1;

const raw = rawCall<[dirfd: number, path: Uint8Array, mode: number, flags: number]>(
  'int',
  'pointer',
  'int',
  'int',
);

/** `faccessat2`: 0 when allowed. `flags`: AT_EACCESS, AT_SYMLINK_NOFOLLOW, AT_EMPTY_PATH. */
export function faccessat(dirfd: number, path: BytePath, mode: number, flags = 0): 0 | Errno {
  return outcome(raw(SYS.faccessat2, dirfd, cPath(path), mode, flags));
}
