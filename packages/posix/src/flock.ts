import { SYS } from './arch.js';
import type { Errno } from './errno.js';
import { callAsync, outcome, rawCall } from './libc.js';

export const LOCK = { SH: 1, EX: 2, NB: 4, UN: 8 } as const;

const raw = rawCall<[fd: number, operation: number]>('int', 'int');

/** `operation` of `LOCK`. Without NB this waits, and the whole process with it: then use `flockAsync`. */
export function flock(fd: number, operation: number): 0 | Errno {
  return outcome(raw(SYS.flock, fd, operation));
}

/** Holds a thread of libuv's pool while it waits. */
export function flockAsync(fd: number, operation: number): Promise<number> {
  return callAsync(raw, SYS.flock, fd, operation);
}
