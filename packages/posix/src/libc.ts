import koffi from 'koffi';

import type { Errno } from './errno.js';

/**
 * Everything goes through libc's `syscall`, which glibc and musl both have and which fits every call here: one way to
 * pass arguments and to read errno, and none of the differences between C libraries (glibc's `setfsuid` and `mount`
 * are the same call, but musl lacks wrappers such as `renameat2` and `statx` in versions that are still in use).
 */
const libc = koffi.load(null);

/** A C type of an argument: a pointer takes a Buffer (whose memory the call uses directly) or null. */
export type CType = 'int' | 'uint32' | 'long' | 'pointer';

type Callback = (error: Error | null, result: number) => void;

/** `syscall` with one list of argument types. The raw result: -1 says that errno is set. */
export interface RawCall<A extends readonly unknown[]> {
  (number: number, ...args: A): number;
  async(number: number, ...args: [...A, Callback]): void;
}

export function rawCall<A extends readonly unknown[]>(...types: readonly CType[]): RawCall<A> {
  return libc.func('syscall', 'long', [
    'long',
    ...types.map((type) => (type === 'pointer' ? 'void *' : type)),
  ]);
}

/** Turns -1 into `-errno`. Must be the first thing after the call: anything else may change errno. */
export function result(returned: number): number {
  return returned === -1 ? -koffi.errno() : returned;
}

/** Like `result`, where success has no number worth returning. */
export function outcome(returned: number): 0 | Errno {
  return returned === -1 ? (-koffi.errno() as Errno) : 0;
}

/** Address of a buffer's first byte, for structures that hold pointers. The buffer must outlive the call. */
export function addressOf(buffer: Uint8Array): bigint {
  return koffi.address(buffer);
}

// koffi refuses more than 256 calls at once; libuv's pool has four threads by default anyway.
const MAX_IN_FLIGHT = 64;
const waiting: (() => void)[] = [];
// Holding the arguments here keeps their memory alive while another thread uses it.
const inFlight = new Set<readonly unknown[]>();

/**
 * The call on a thread of libuv's pool; resolves with the result or `-errno`. The buffers belong to the call until then.
 * koffi restores the worker's errno for the time of its callback, so it is read there and nowhere later.
 */
export function callAsync<A extends readonly unknown[]>(
  call: RawCall<A>,
  number: number,
  ...args: A
): Promise<number> {
  return new Promise((resolve, reject) => {
    const start = () => {
      inFlight.add(args);
      call.async(number, ...args, (error, returned) => {
        const value = result(returned);
        inFlight.delete(args);
        waiting.shift()?.();
        if (error) reject(error);
        else resolve(value);
      });
    };
    if (inFlight.size < MAX_IN_FLIGHT) start();
    else waiting.push(start);
  });
}
