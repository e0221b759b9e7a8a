import { SYS } from './arch.js';
import type { Errno } from './errno.js';
import { callAsync, outcome, rawCall, result } from './libc.js';

const fdOnly = rawCall<[fd: number]>('int');
const transfer = rawCall<[fd: number, buffer: Uint8Array, length: number]>(
  'int',
  'pointer',
  'long',
);
const positioned = rawCall<[fd: number, buffer: Uint8Array, length: number, offset: number]>(
  'int',
  'pointer',
  'long',
  'long',
);

/** Bytes read into the whole buffer (or its first `length` bytes), 0 at the end, or `-errno`. */
export function read(fd: number, into: Uint8Array, length = into.length): number {
  return result(transfer(SYS.read, fd, into, Math.min(length, into.length)));
}

/** Bytes written of the whole buffer (or its first `length` bytes), or `-errno`. */
export function write(fd: number, data: Uint8Array, length = data.length): number {
  return result(transfer(SYS.write, fd, data, Math.min(length, data.length)));
}

export function writeAsync(fd: number, data: Uint8Array): Promise<number> {
  return callAsync(transfer, SYS.write, fd, data, data.length);
}

/** Bytes read from `offset` into the whole buffer, or `-errno`; may be fewer than asked. */
export function pread(fd: number, into: Uint8Array, offset: number): number {
  return result(positioned(SYS.pread64, fd, into, into.length, offset));
}

export function preadAsync(fd: number, into: Uint8Array, offset: number): Promise<number> {
  return callAsync(positioned, SYS.pread64, fd, into, into.length, offset);
}

/** Bytes written at `offset`, or `-errno`; may be fewer than given. */
export function pwrite(fd: number, data: Uint8Array, offset: number): number {
  return result(positioned(SYS.pwrite64, fd, data, data.length, offset));
}

export function pwriteAsync(fd: number, data: Uint8Array, offset: number): Promise<number> {
  return callAsync(positioned, SYS.pwrite64, fd, data, data.length, offset);
}

/** Never to be repeated after EINTR: Linux has closed the descriptor all the same. */
export function close(fd: number): 0 | Errno {
  return outcome(fdOnly(SYS.close, fd));
}

/** `close` can wait: the last one of a file on a network file system, or one that removes a large unlinked file. */
export function closeAsync(fd: number): Promise<number> {
  return callAsync(fdOnly, SYS.close, fd);
}

export function fsync(fd: number): 0 | Errno {
  return outcome(fdOnly(SYS.fsync, fd));
}

export function fsyncAsync(fd: number): Promise<number> {
  return callAsync(fdOnly, SYS.fsync, fd);
}

export function fdatasync(fd: number): 0 | Errno {
  return outcome(fdOnly(SYS.fdatasync, fd));
}

export function fdatasyncAsync(fd: number): Promise<number> {
  return callAsync(fdOnly, SYS.fdatasync, fd);
}

/** Writes out the whole file system that `fd` is on. */
export function syncfs(fd: number): 0 | Errno {
  return outcome(fdOnly(SYS.syncfs, fd));
}

export function syncfsAsync(fd: number): Promise<number> {
  return callAsync(fdOnly, SYS.syncfs, fd);
}
