import { SYS } from './arch.js';
import { rawCall, result } from './libc.js';

const raw = rawCall<[from: number, to: number, flags: number]>('int', 'int', 'int');
const rawFcntl = rawCall<[fd: number, command: number, argument: number]>('int', 'int', 'long');

const F_GETFL = 3;
const F_SETFL = 4;

/**
 * Makes the number `to` (which must be open: it is closed without a moment in between) a duplicate of `from`. `flags`:
 * O_CLOEXEC. `to` or `-errno`.
 */
export function dup3(from: number, to: number, flags = 0): number {
  return result(raw(SYS.dup3, from, to, flags));
}

/** The status flags of an open file (O_APPEND, O_NONBLOCK, …) and its access mode, or `-errno`. */
export function statusFlags(fd: number): number {
  return result(rawFcntl(SYS.fcntl, fd, F_GETFL, 0));
}

/** Replaces the status flags, for every descriptor that shares the open file. 0 or `-errno`. */
export function setStatusFlags(fd: number, flags: number): number {
  return result(rawFcntl(SYS.fcntl, fd, F_SETFL, flags));
}
