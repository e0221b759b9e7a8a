import { SYS } from './arch.js';
import type { Errno } from './errno.js';
import { AT_FDCWD } from './openat.js';
import { callAsync, outcome, rawCall, result } from './libc.js';
import { cPath, cPath2, ownCPath, type BytePath } from './path.js';

/** Flags of `open_tree`, beside AT_EMPTY_PATH and AT_SYMLINK_NOFOLLOW. */
export const OPEN_TREE = { CLONE: 1, CLOEXEC: 0o2000000, RECURSIVE: 0x8000 } as const;

/** Flags of `move_mount`. */
export const MOVE_MOUNT = {
  F_SYMLINKS: 1,
  F_AUTOMOUNTS: 2,
  /** The first path is empty: the descriptor itself. */
  F_EMPTY_PATH: 4,
  T_SYMLINKS: 0x10,
  T_AUTOMOUNTS: 0x20,
  T_EMPTY_PATH: 0x40,
  SET_GROUP: 0x100,
  /** Under the mount that is there (Linux 6.5). */
  BENEATH: 0x200,
} as const;

/** Attributes of `mount_setattr`. */
export const MOUNT_ATTR = {
  RDONLY: 1,
  NOSUID: 2,
  NODEV: 4,
  NOEXEC: 8,
  IDMAP: 0x100000,
  NOSYMFOLLOW: 0x200000,
} as const;

const tree = rawCall<[dirfd: number, path: Uint8Array, flags: number]>('int', 'pointer', 'uint32');
const move = rawCall<
  [fromFd: number, from: Uint8Array, toFd: number, to: Uint8Array, flags: number]
>('int', 'pointer', 'int', 'pointer', 'uint32');
const setattr = rawCall<
  [dirfd: number, path: Uint8Array, flags: number, attr: Uint8Array, size: number]
>('int', 'pointer', 'uint32', 'pointer', 'long');

/** A descriptor of the mount at `path`, or with CLONE of a new, detached copy of it. Always close-on-exec. */
export function openTree(dirfd: number, path: BytePath, flags: number): number {
  return result(tree(SYS.open_tree, dirfd, cPath(path), flags | OPEN_TREE.CLOEXEC));
}

export function moveMount(
  fromFd: number,
  from: BytePath,
  toFd: number,
  to: BytePath,
  flags: number,
): 0 | Errno {
  return outcome(move(SYS.move_mount, fromFd, cPath(from), toFd, cPath2(to), flags));
}

/** `move_mount(2)` by paths, on a thread of libuv's pool: looking them up may ask this process. 0 or `-errno`. */
export function moveMountAsync(from: BytePath, to: BytePath, flags: number): Promise<number> {
  return callAsync(move, SYS.move_mount, AT_FDCWD, ownCPath(from), AT_FDCWD, ownCPath(to), flags);
}

export interface MountAttributes {
  /** Of `MOUNT_ATTR`. */
  readonly set?: number;
  readonly clear?: number;
  /** MS.PRIVATE and the like; 0 leaves it. */
  readonly propagation?: number;
  /** The user namespace that IDMAP maps by. */
  readonly usernsFd?: number;
}

// struct mount_attr: attr_set, attr_clr, propagation, userns_fd, each u64.
const ATTR_SIZE = 32;

/** `flags`: AT_EMPTY_PATH, AT_SYMLINK_NOFOLLOW, AT_RECURSIVE (0x8000). */
export function mountSetattr(
  dirfd: number,
  path: BytePath,
  flags: number,
  attributes: MountAttributes,
): 0 | Errno {
  const { set = 0, clear = 0, propagation = 0, usernsFd = 0 } = attributes;
  const attr = Buffer.alloc(ATTR_SIZE);
  [set, clear, propagation, usernsFd].forEach((word, i) =>
    attr.writeBigUInt64LE(BigInt(word), 8 * i),
  );
  return outcome(setattr(SYS.mount_setattr, dirfd, cPath(path), flags, attr, ATTR_SIZE));
}
