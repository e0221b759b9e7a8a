import { SYS } from './arch.js';
import { rawCall, result } from './libc.js';

/** `d_type`; UNKNOWN where the file system does not say. Shifted left by 12 they are the type bits of a mode. */
export const DT = {
  UNKNOWN: 0,
  FIFO: 1,
  CHR: 2,
  DIR: 4,
  BLK: 6,
  REG: 8,
  LNK: 10,
  SOCK: 12,
} as const;

// struct linux_dirent64: u64 ino, s64 off, u16 reclen, u8 type, name with NUL.
const AT = { ino: 0, off: 8, reclen: 16, type: 18, name: 19 } as const;

const raw = rawCall<[fd: number, out: Uint8Array, size: number]>('int', 'pointer', 'uint32');

/**
 * Bytes of entries put into `into`, 0 at the end, or `-errno`. EINVAL: the buffer is too small for the next name (280
 * bytes always do).
 */
export function getdents(fd: number, into: Uint8Array): number {
  return result(raw(SYS.getdents64, fd, into, into.length));
}

/**
 * Visits the entries that `getdents` put into `buffer`, "." and ".." among them. `name` has one character per byte;
 * `off` is the position after the entry, for `lseek`, and means something only to the file system.
 */
export function eachDirent(
  buffer: Buffer,
  length: number,
  visit: (name: string, ino: bigint, type: number, off: bigint) => void,
): void {
  const view = new DataView(buffer.buffer, buffer.byteOffset, length);
  for (let at = 0; at < length;) {
    visit(
      nameAt(buffer, at + AT.name),
      view.getBigUint64(at + AT.ino, true),
      view.getUint8(at + AT.type),
      view.getBigInt64(at + AT.off, true),
    );
    at += view.getUint16(at + AT.reclen, true);
  }
}

const DOT = 0x2e;

function nameAt(buffer: Buffer, start: number): string {
  let end = start;
  while (buffer[end] !== 0) end++;
  // Every directory has these, and most have little else.
  if (buffer[start] === DOT) {
    if (end === start + 1) return '.';
    if (end === start + 2 && buffer[start + 1] === DOT) return '..';
  }
  return buffer.toString('latin1', start, end);
}
