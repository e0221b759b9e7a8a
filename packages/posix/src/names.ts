import { SYS } from './arch.js';
import type { Errno } from './errno.js';
import { outcome, rawCall, result } from './libc.js';
import { cPath, cPath2, PATH_MAX, type BytePath } from './path.js';

/** Flags of `renameat2`. */
export const RENAME = { NOREPLACE: 1, EXCHANGE: 2, WHITEOUT: 4 } as const;

const pathMode = rawCall<[dirfd: number, path: Uint8Array, mode: number]>(
  'int',
  'pointer',
  'uint32',
);
const pathModeDev = rawCall<[dirfd: number, path: Uint8Array, mode: number, dev: number]>(
  'int',
  'pointer',
  'uint32',
  'uint32',
);
const twoPaths = rawCall<
  [dirfd: number, path: Uint8Array, newDirfd: number, newPath: Uint8Array, flags: number]
>('int', 'pointer', 'int', 'pointer', 'uint32');
const symlinkRaw = rawCall<[target: Uint8Array, dirfd: number, path: Uint8Array]>(
  'pointer',
  'int',
  'pointer',
);
const readlinkRaw = rawCall<[dirfd: number, path: Uint8Array, out: Uint8Array, size: number]>(
  'int',
  'pointer',
  'pointer',
  'long',
);

export function mkdirat(dirfd: number, path: BytePath, mode: number): 0 | Errno {
  return outcome(pathMode(SYS.mkdirat, dirfd, cPath(path), mode));
}

/** `mode` with its type bits; `dev` as `makedev` encodes it. */
export function mknodat(dirfd: number, path: BytePath, mode: number, dev = 0): 0 | Errno {
  return outcome(pathModeDev(SYS.mknodat, dirfd, cPath(path), mode, dev));
}

/** `flags`: AT_REMOVEDIR for a directory. */
export function unlinkat(dirfd: number, path: BytePath, flags = 0): 0 | Errno {
  return outcome(pathMode(SYS.unlinkat, dirfd, cPath(path), flags));
}

/** `flags` of `RENAME`. EINVAL where the file system does not know one of them. */
export function renameat2(
  dirfd: number,
  path: BytePath,
  newDirfd: number,
  newPath: BytePath,
  flags = 0,
): 0 | Errno {
  return outcome(twoPaths(SYS.renameat2, dirfd, cPath(path), newDirfd, cPath2(newPath), flags));
}

/** `flags`: AT_SYMLINK_FOLLOW, or AT_EMPTY_PATH (which needs CAP_DAC_READ_SEARCH). */
export function linkat(
  dirfd: number,
  path: BytePath,
  newDirfd: number,
  newPath: BytePath,
  flags = 0,
): 0 | Errno {
  return outcome(twoPaths(SYS.linkat, dirfd, cPath(path), newDirfd, cPath2(newPath), flags));
}

export function symlinkat(target: BytePath, dirfd: number, path: BytePath): 0 | Errno {
  return outcome(symlinkRaw(SYS.symlinkat, cPath2(target), dirfd, cPath(path)));
}

const target = Buffer.alloc(PATH_MAX);

/** The target's bytes in memory of their own. An empty path names the O_PATH descriptor itself. */
export function readlinkat(dirfd: number, path: BytePath): Buffer | Errno {
  const r = result(readlinkRaw(SYS.readlinkat, dirfd, cPath(path), target, target.length));
  return r < 0 ? (r as Errno) : Buffer.from(target.subarray(0, r));
}
