import { SYS } from './arch.js';
import type { Errno } from './errno.js';
import { outcome, rawCall, result } from './libc.js';

const RLIMIT_NOFILE = 7;
const one = rawCall<[value: number]>('uint32');
const limits = rawCall<
  [pid: number, resource: number, next: Uint8Array | null, previous: Uint8Array]
>('int', 'int', 'pointer', 'pointer');

export interface Limit {
  /** In force. `Infinity` for no limit. */
  readonly soft: number;
  /** How far the soft one may be raised. */
  readonly hard: number;
}

const UNLIMITED = 0xffff_ffff_ffff_ffffn;
const toNumber = (word: bigint) => (word === UNLIMITED ? Infinity : Number(word));

/** How many descriptors this process may have. */
export function getNofile(): Limit | Errno {
  const previous = Buffer.alloc(16);
  const r = result(limits(SYS.prlimit64, 0, RLIMIT_NOFILE, null, previous));
  if (r < 0) return r as Errno;
  return {
    soft: toNumber(previous.readBigUInt64LE(0)),
    hard: toNumber(previous.readBigUInt64LE(8)),
  };
}

export function setNofile(limit: Limit): 0 | Errno {
  const next = Buffer.alloc(16);
  const word = (n: number) => (n === Infinity ? UNLIMITED : BigInt(n));
  next.writeBigUInt64LE(word(limit.soft), 0);
  next.writeBigUInt64LE(word(limit.hard), 8);
  return outcome(limits(SYS.prlimit64, 0, RLIMIT_NOFILE, next, Buffer.alloc(16)));
}

/**
 * Whom this thread's file system calls act for from now on; returns the previous id, and says in no way whether it
 * worked. Only this thread: asynchronous calls stay as they were, and nothing may be awaited before it is set back.
 * With an id other than 0 the file capabilities go, with 0 they come back.
 */
export function setfsuid(uid: number): number {
  return result(one(SYS.setfsuid, uid));
}

/** Like `setfsuid`, for the group. Supplementary groups stay those of the process. */
export function setfsgid(gid: number): number {
  return result(one(SYS.setfsgid, gid));
}

/** The previous mask. It belongs to the whole process. */
export function umask(mask: number): number {
  return result(one(SYS.umask, mask));
}
