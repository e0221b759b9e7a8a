import { SYS } from './arch.js';
import type { Errno } from './errno.js';
import { ioctlNumber } from './ioctl.js';
import { callAsync, outcome, rawCall, result } from './libc.js';

export const SEEK = { SET: 0, CUR: 1, END: 2, DATA: 3, HOLE: 4 } as const;

/** Modes of `fallocate`. */
export const FALLOC = {
  KEEP_SIZE: 1,
  PUNCH_HOLE: 2,
  COLLAPSE_RANGE: 8,
  ZERO_RANGE: 0x10,
  INSERT_RANGE: 0x20,
  UNSHARE_RANGE: 0x40,
} as const;

const FICLONE = 0x4004_9409;

const seek = rawCall<[fd: number, offset: number | bigint, whence: number]>('int', 'long', 'int');
const allocate = rawCall<[fd: number, mode: number, offset: number, length: number]>(
  'int',
  'int',
  'long',
  'long',
);
type Offset = Uint8Array | null;
const copy = rawCall<
  [from: number, fromOff: Offset, to: number, toOff: Offset, length: number, flags: number]
>('int', 'pointer', 'int', 'pointer', 'long', 'uint32');

/** The new position or `-errno`; ENXIO where there is no data (or hole) behind `offset`. A bigint is for directories. */
export function lseek(fd: number, offset: number | bigint, whence: number): number {
  return Number(result(seek(SYS.lseek, fd, offset, whence)));
}

export function fallocate(fd: number, mode: number, offset: number, length: number): 0 | Errno {
  return outcome(allocate(SYS.fallocate, fd, mode, offset, length));
}

export function fallocateAsync(
  fd: number,
  mode: number,
  offset: number,
  length: number,
): Promise<number> {
  return callAsync(allocate, SYS.fallocate, fd, mode, offset, length);
}

/** One side of a copy. Without an offset the descriptor's own position is used and moved. */
export interface CopySide {
  readonly fd: number;
  readonly offset?: number;
}

function offsetBuffer(side: CopySide): Offset {
  if (side.offset === undefined) return null;
  const buffer = Buffer.alloc(8);
  buffer.writeBigInt64LE(BigInt(side.offset));
  return buffer;
}

/** Bytes copied inside the kernel (shared blocks where the file system can), 0 at the end, or `-errno`. */
export function copyFileRange(from: CopySide, to: CopySide, length: number): number {
  return result(
    copy(SYS.copy_file_range, from.fd, offsetBuffer(from), to.fd, offsetBuffer(to), length, 0),
  );
}

export function copyFileRangeAsync(from: CopySide, to: CopySide, length: number): Promise<number> {
  const [fromOff, toOff] = [offsetBuffer(from), offsetBuffer(to)];
  return callAsync(copy, SYS.copy_file_range, from.fd, fromOff, to.fd, toOff, length, 0);
}

/** Makes `to` share all of `from`'s blocks. EOPNOTSUPP where the file system cannot, EXDEV across file systems. */
export function ficlone(from: number, to: number): 0 | Errno {
  const r = ioctlNumber(to, FICLONE, from);
  return r < 0 ? (r as Errno) : 0;
}
