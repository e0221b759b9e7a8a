import { O, SYS } from './arch.js';
import { failed, type Errno } from './errno.js';
import { close } from './io.js';
import { outcome, rawCall } from './libc.js';
import { AT_FDCWD, openat } from './openat.js';
import { cPath, type BytePath } from './path.js';
import { AT_EMPTY_PATH, AT_SYMLINK_NOFOLLOW, fstat, S, Stat } from './stat.js';

const fdMode = rawCall<[fd: number, mode: number]>('int', 'uint32');
const atMode = rawCall<[dirfd: number, path: Uint8Array, mode: number, flags: number]>(
  'int',
  'pointer',
  'uint32',
  'int',
);
const atOwner = rawCall<[dirfd: number, path: Uint8Array, uid: number, gid: number, flags: number]>(
  'int',
  'pointer',
  'uint32',
  'uint32',
  'int',
);
const fdOwner = rawCall<[fd: number, uid: number, gid: number]>('int', 'uint32', 'uint32');
const atTimes = rawCall<[dirfd: number, path: Uint8Array | null, times: Uint8Array, flags: number]>(
  'int',
  'pointer',
  'pointer',
  'int',
);
const fdLength = rawCall<[fd: number, length: number]>('int', 'long');

/** "Leave this owner as it is". */
export const KEEP_ID = 0xffff_ffff;

/** Not for O_PATH descriptors (EBADF): those take `fchmodat` with AT_EMPTY_PATH. */
export function fchmod(fd: number, mode: number): 0 | Errno {
  return outcome(fdMode(SYS.fchmod, fd, mode));
}

/**
 * `flags`: 0, AT_SYMLINK_NOFOLLOW or AT_EMPTY_PATH. Uses `fchmodat2` (Linux 6.6) and before that `/proc/self/fd`.
 * A symlink itself has no mode to change: EOPNOTSUPP.
 */
export function fchmodat(dirfd: number, path: BytePath, mode: number, flags = 0): 0 | Errno {
  if (flags === 0) return outcome(atMode(SYS.fchmodat, dirfd, cPath(path), mode, 0));
  const r = outcome(atMode(SYS.fchmodat2, dirfd, cPath(path), mode, flags));
  return r === failed('ENOSYS') ? fchmodatByProc(dirfd, path, mode, flags) : r;
}

/** What `fchmodat` falls back to; exported for its test, which cannot take `fchmodat2` away. */
export function fchmodatByProc(
  dirfd: number,
  path: BytePath,
  mode: number,
  flags: number,
): 0 | Errno {
  if ((flags & AT_EMPTY_PATH) !== 0 && path.length === 0) return chmodProc(dirfd, mode);
  const fd = openat(
    dirfd,
    path,
    O.O_PATH | ((flags & AT_SYMLINK_NOFOLLOW) !== 0 ? O.O_NOFOLLOW : 0),
  );
  if (fd < 0) return fd as Errno;
  const r = chmodProc(fd, mode);
  close(fd);
  return r;
}

const proc = new Stat();
function chmodProc(fd: number, mode: number): 0 | Errno {
  const r = fstat(fd, proc);
  if (r !== 0) return r;
  // Through /proc some file systems would change a symlink's mode after all.
  if ((proc.mode & S.IFMT) === S.IFLNK) return failed('EOPNOTSUPP');
  return outcome(atMode(SYS.fchmodat, AT_FDCWD, cPath(procPath(fd)), mode, 0));
}

/**
 * A path to the very file a descriptor names, for calls that know no AT_EMPTY_PATH. Not followed any further, so a
 * symlink opened with O_PATH is meant itself. Needs /proc.
 */
export function procPath(fd: number): string {
  return `/proc/self/fd/${fd}`;
}

/** `KEEP_ID` leaves one as it is. `flags`: AT_SYMLINK_NOFOLLOW, AT_EMPTY_PATH. Clears set-id bits as `chown` does. */
export function fchownat(
  dirfd: number,
  path: BytePath,
  uid: number,
  gid: number,
  flags = 0,
): 0 | Errno {
  return outcome(atOwner(SYS.fchownat, dirfd, cPath(path), uid, gid, flags));
}

export function fchown(fd: number, uid: number, gid: number): 0 | Errno {
  return outcome(fdOwner(SYS.fchown, fd, uid, gid));
}

/** Nanoseconds since 1970, the present, or unchanged. */
export type NewTime = bigint | 'now' | undefined;

const UTIME_NOW = 0x3fff_ffffn;
const UTIME_OMIT = 0x3fff_fffen;
const SECOND = 1_000_000_000n;
const times = Buffer.alloc(32);

function fillTimes(atime: NewTime, mtime: NewTime): Buffer {
  fillTime(0, atime);
  fillTime(16, mtime);
  return times;
}

function fillTime(at: number, time: NewTime): void {
  const special = time === undefined ? UTIME_OMIT : UTIME_NOW;
  const ns = typeof time === 'bigint' ? time : 0n;
  // Before 1970 seconds are negative and nanoseconds still count upwards.
  const remainder = ((ns % SECOND) + SECOND) % SECOND;
  times.writeBigInt64LE((ns - remainder) / SECOND, at);
  times.writeBigInt64LE(typeof time === 'bigint' ? remainder : special, at + 8);
}

/** `flags`: AT_SYMLINK_NOFOLLOW, AT_EMPTY_PATH (Linux 5.8). */
export function utimensat(
  dirfd: number,
  path: BytePath,
  atime: NewTime,
  mtime: NewTime,
  flags = 0,
): 0 | Errno {
  return outcome(atTimes(SYS.utimensat, dirfd, cPath(path), fillTimes(atime, mtime), flags));
}

/** Times of an open file; not for O_PATH descriptors. */
export function futimens(fd: number, atime: NewTime, mtime: NewTime): 0 | Errno {
  return outcome(atTimes(SYS.utimensat, fd, null, fillTimes(atime, mtime), 0));
}

export function ftruncate(fd: number, length: number): 0 | Errno {
  return outcome(fdLength(SYS.ftruncate, fd, length));
}
