import { SYS } from './arch.js';
import type { Errno } from './errno.js';
import { rawCall, result } from './libc.js';
import { cPath, type BytePath } from './path.js';

// struct statfs: 64-bit words on x64 and arm64 alike.
const AT = {
  type: 0,
  bsize: 8,
  blocks: 16,
  bfree: 24,
  bavail: 32,
  files: 40,
  ffree: 48,
  fsid: 56,
  namelen: 64,
  frsize: 72,
  flags: 80,
} as const;
const SIZE = 120;

export interface Statfs {
  /** Magic number of the file system's type; see `fsTypes`. */
  readonly type: number;
  readonly bsize: number;
  /** In units of `frsize`. */
  readonly blocks: bigint;
  readonly bfree: bigint;
  readonly bavail: bigint;
  readonly files: bigint;
  readonly ffree: bigint;
  /** Opaque; 0 where the file system has none. */
  readonly fsid: bigint;
  readonly namelen: number;
  readonly frsize: number;
  /** ST_RDONLY 1, ST_NOSUID 2, ST_NODEV 4, ST_NOEXEC 8, … */
  readonly flags: number;
}

/** Magic numbers (`linux/magic.h` and the file systems' own headers). */
export const fsTypes = {
  ext4: 0xef53,
  xfs: 0x58465342,
  btrfs: 0x9123683e,
  f2fs: 0xf2f52010,
  bcachefs: 0xca451a4e,
  zfs: 0x2fc12fc1,
  tmpfs: 0x01021994,
  ramfs: 0x858458f6,
  overlayfs: 0x794c7630,
  squashfs: 0x73717368,
  erofs: 0xe0f5e1e2,
  fuse: 0x65735546,
  nfs: 0x6969,
  cifs: 0xff534d42,
  smb2: 0xfe534d42,
  ceph: 0x00c36400,
  v9fs: 0x01021997,
  afs: 0x5346414f,
  lustre: 0x0bd00bd0,
  gpfs: 0x47504653,
  vboxsf: 0x786f4256,
  proc: 0x9fa0,
  fuseControl: 0x65735543,
} as const;

const local: ReadonlySet<number> = new Set([
  fsTypes.ext4,
  fsTypes.xfs,
  fsTypes.btrfs,
  fsTypes.f2fs,
  fsTypes.bcachefs,
  fsTypes.zfs,
  fsTypes.tmpfs,
  fsTypes.ramfs,
  fsTypes.squashfs,
  fsTypes.erofs,
  // Its own answers are local ones; what lies below it may not be, but then a cache of the kernel stands in front.
  fsTypes.overlayfs,
]);

/** A type whose metadata calls answer without a network or another process. Unknown types are not local. */
export function isLocalFsType(type: number): boolean {
  return local.has(type);
}

const byPath = rawCall<[path: Uint8Array, out: Uint8Array]>('pointer', 'pointer');
const byFd = rawCall<[fd: number, out: Uint8Array]>('int', 'pointer');

export function statfs(path: BytePath): Statfs | Errno {
  const out = Buffer.alloc(SIZE);
  const r = result(byPath(SYS.statfs, cPath(path), out));
  return r < 0 ? (r as Errno) : decode(out);
}

/** Works on O_PATH descriptors too. */
export function fstatfs(fd: number): Statfs | Errno {
  const out = Buffer.alloc(SIZE);
  const r = result(byFd(SYS.fstatfs, fd, out));
  return r < 0 ? (r as Errno) : decode(out);
}

function decode(out: Buffer): Statfs {
  return {
    type: out.readUInt32LE(AT.type),
    bsize: Number(out.readBigUInt64LE(AT.bsize)),
    blocks: out.readBigUInt64LE(AT.blocks),
    bfree: out.readBigUInt64LE(AT.bfree),
    bavail: out.readBigUInt64LE(AT.bavail),
    files: out.readBigUInt64LE(AT.files),
    ffree: out.readBigUInt64LE(AT.ffree),
    fsid: out.readBigUInt64LE(AT.fsid),
    namelen: Number(out.readBigUInt64LE(AT.namelen)),
    frsize: Number(out.readBigUInt64LE(AT.frsize)),
    flags: Number(out.readBigUInt64LE(AT.flags)),
  };
}
