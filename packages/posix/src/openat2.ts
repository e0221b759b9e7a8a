import { O, SYS } from './arch.js';
import { rawCall, result } from './libc.js';
import { cPath, type BytePath } from './path.js';

/** How far a path may lead (`linux/openat2.h`). */
export const RESOLVE = {
  NO_XDEV: 1,
  NO_MAGICLINKS: 2,
  NO_SYMLINKS: 4,
  /** Never above the directory descriptor, neither by `..` nor by a symlink: EXDEV. */
  BENEATH: 8,
  /** The directory descriptor is the root of everything the path names. */
  IN_ROOT: 16,
} as const;

// struct open_how: flags, mode, resolve.
const HOW_SIZE = 24;
const how = Buffer.alloc(HOW_SIZE);
const raw = rawCall<[dirfd: number, path: Uint8Array, how: Uint8Array, size: number]>(
  'int',
  'pointer',
  'pointer',
  'long',
);

/** `openat` that says how the path may be resolved. EAGAIN: a rename raced with `..` under BENEATH, try again. */
export function openat2(
  dirfd: number,
  path: BytePath,
  flags: number,
  resolve: number,
  mode = 0,
): number {
  how.writeBigUInt64LE(BigInt(flags | O.O_CLOEXEC), 0);
  how.writeBigUInt64LE(BigInt(mode), 8);
  how.writeBigUInt64LE(BigInt(resolve), 16);
  return result(raw(SYS.openat2, dirfd, cPath(path), how, HOW_SIZE));
}
