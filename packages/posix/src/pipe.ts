import { O, SYS } from './arch.js';
import type { Errno } from './errno.js';
import { rawCall, result } from './libc.js';

const raw = rawCall<[fds: Uint8Array, flags: number]>('pointer', 'int');

/** A pipe, close-on-exec: the end to read and the end to write. `flags`: O_NONBLOCK, O_DIRECT. */
export function pipe(flags = 0): readonly [read: number, write: number] | Errno {
  const fds = Buffer.alloc(8);
  const r = result(raw(SYS.pipe2, fds, flags | O.O_CLOEXEC));
  return r < 0 ? (r as Errno) : [fds.readInt32LE(0), fds.readInt32LE(4)];
}
