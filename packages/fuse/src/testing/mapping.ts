import koffi from 'koffi';

const libc = koffi.load(null);
const mmap = libc.func('void *mmap(void *, size_t, int, int, int, long)') as (
  ...args: readonly [null, number, number, number, number, number]
) => unknown;
const munmap = libc.func('int munmap(void *, size_t)') as (at: unknown, length: number) => number;
const msync = libc.func('int msync(void *, size_t, int)') as (
  at: unknown,
  length: number,
  flags: number,
) => number;

const PROT_READ_WRITE = 3;
const MS_SYNC = 4;
export const MAP_SHARED = 1;
export const MAP_PRIVATE = 2;

/** mmap(2) of a file for the time of `work`. What it stores is written through with msync(2) before it ends. */
export async function withMapping(
  fd: number,
  length: number,
  how: typeof MAP_SHARED | typeof MAP_PRIVATE,
  work: (memory: Uint8Array, sync: () => void) => Promise<void>,
): Promise<void> {
  const at = mmap(null, length, PROT_READ_WRITE, how, fd, 0);
  const address = koffi.address(at);
  if (BigInt.asIntN(64, BigInt(address)) === -1n) throw new Error(`mmap: errno ${koffi.errno()}`);
  const sync = () => {
    if (msync(at, length, MS_SYNC) !== 0) throw new Error(`msync: errno ${koffi.errno()}`);
  };
  try {
    await work(new Uint8Array(koffi.view(at, length)), sync);
  } finally {
    munmap(at, length);
  }
}
