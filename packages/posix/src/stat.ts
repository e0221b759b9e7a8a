import { SYS } from './arch.js';
import type { Errno } from './errno.js';
import { outcome, rawCall } from './libc.js';
import { cPath, type BytePath } from './path.js';

// struct statx (`linux/stat.h`): the same bytes on every architecture, which `struct stat` is not.
const AT = {
  mask: 0,
  blksize: 4,
  attributes: 8,
  nlink: 16,
  uid: 20,
  gid: 24,
  mode: 28,
  ino: 32,
  size: 40,
  blocks: 48,
  atime: 64,
  btime: 80,
  ctime: 96,
  mtime: 112,
  rdevMajor: 128,
  rdevMinor: 132,
  devMajor: 136,
  devMinor: 140,
  mountId: 144,
} as const;
const SIZE = 256;

/** What to fetch. The kernel may give more and, for BTIME and MNT_ID, less: `Stat.mask` says what is there. */
export const STATX = {
  BASIC: 0x7ff,
  BTIME: 0x800,
  MNT_ID: 0x1000,
} as const;

/** Type bits of a mode. */
export const S = {
  IFMT: 0o170000,
  IFSOCK: 0o140000,
  IFLNK: 0o120000,
  IFREG: 0o100000,
  IFBLK: 0o060000,
  IFDIR: 0o040000,
  IFCHR: 0o020000,
  IFIFO: 0o010000,
  ISUID: 0o4000,
  ISGID: 0o2000,
  ISVTX: 0o1000,
} as const;

/** Flags of the calls that take a directory descriptor and a name. */
export const AT_SYMLINK_NOFOLLOW = 0x100;
export const AT_REMOVEDIR = 0x200;
export const AT_EACCESS = 0x200;
export const AT_SYMLINK_FOLLOW = 0x400;
/** With an empty name: the descriptor itself, also an O_PATH one. */
export const AT_EMPTY_PATH = 0x1000;

/**
 * Memory for one answer of `statx`, read field by field: make one and use it again, a hot path then allocates nothing.
 * Every call overwrites it.
 */
export class Stat {
  readonly bytes = Buffer.alloc(SIZE);
  readonly #view = new DataView(this.bytes.buffer, this.bytes.byteOffset, SIZE);

  get mask(): number {
    return this.#view.getUint32(AT.mask, true);
  }
  get ino(): bigint {
    return this.#view.getBigUint64(AT.ino, true);
  }
  /** Its lower 32 bits. */
  get inoLow(): number {
    return this.#view.getUint32(AT.ino, true);
  }
  get inoHigh(): number {
    return this.#view.getUint32(AT.ino + 4, true);
  }
  /** Type and permission bits. */
  get mode(): number {
    return this.#view.getUint16(AT.mode, true);
  }
  get nlink(): number {
    return this.#view.getUint32(AT.nlink, true);
  }
  get uid(): number {
    return this.#view.getUint32(AT.uid, true);
  }
  get gid(): number {
    return this.#view.getUint32(AT.gid, true);
  }
  /** Bytes. */
  get size(): number {
    return this.#word(AT.size);
  }
  /** 512-byte units. */
  get blocks(): number {
    return this.#word(AT.blocks);
  }
  get blksize(): number {
    return this.#view.getUint32(AT.blksize, true);
  }
  /** Device number of a device node, encoded as `mknodat` takes it. */
  get rdev(): number {
    return makedev(
      this.#view.getUint32(AT.rdevMajor, true),
      this.#view.getUint32(AT.rdevMinor, true),
    );
  }
  /** The file system's device, encoded like `rdev`. */
  get dev(): number {
    return makedev(
      this.#view.getUint32(AT.devMajor, true),
      this.#view.getUint32(AT.devMinor, true),
    );
  }
  /** Nanoseconds since 1970, like the other times. */
  get atimeNs(): bigint {
    return this.#time(AT.atime);
  }
  get mtimeNs(): bigint {
    return this.#time(AT.mtime);
  }
  get ctimeNs(): bigint {
    return this.#time(AT.ctime);
  }
  /** Time of birth; only where `mask` has STATX.BTIME. */
  get btimeNs(): bigint {
    return this.#time(AT.btime);
  }
  /** Id of the mount; only where `mask` has STATX.MNT_ID. */
  get mountId(): bigint {
    return this.#view.getBigUint64(AT.mountId, true);
  }

  #word(at: number): number {
    return this.#view.getUint32(at, true) + this.#view.getUint32(at + 4, true) * 0x1_0000_0000;
  }

  #time(at: number): bigint {
    return (
      this.#view.getBigInt64(at, true) * 1_000_000_000n + BigInt(this.#view.getUint32(at + 8, true))
    );
  }
}

/** The kernel's 32-bit encoding of a device number, the one FUSE and `mknodat` use. */
export function makedev(major: number, minor: number): number {
  return ((minor & 0xff) | ((major & 0xfff) << 8) | ((minor & ~0xff) << 12)) >>> 0;
}

const raw = rawCall<
  [dirfd: number, path: Uint8Array, flags: number, mask: number, out: Uint8Array]
>('int', 'pointer', 'int', 'uint32', 'pointer');
const empty = Buffer.alloc(1);

/** Attributes of `path` into `into`; 0 or `-errno`. `flags`: AT_SYMLINK_NOFOLLOW, AT_EMPTY_PATH. */
export function statx(
  dirfd: number,
  path: BytePath,
  flags: number,
  into: Stat,
  mask: number = STATX.BASIC,
): 0 | Errno {
  return outcome(raw(SYS.statx, dirfd, cPath(path), flags, mask, into.bytes));
}

/** Attributes of an open file, also of an O_PATH descriptor. */
export function fstat(fd: number, into: Stat, mask: number = STATX.BASIC): 0 | Errno {
  return outcome(raw(SYS.statx, fd, empty, AT_EMPTY_PATH, mask, into.bytes));
}
