import {
  copyFileRange,
  copyFileRangeAsync,
  failed,
  ficlone,
  fstat,
  ftruncate,
  lseek,
  pread,
  preadAsync,
  pwrite,
  pwriteAsync,
  SEEK,
  Stat,
} from '@scorpiofs/posix';

import { check, failure } from './fail.js';
import { SYNC_LIMIT } from './file.js';

/** At most this at once, so that a copy does not hold one of libuv's threads for seconds. Bytes. */
const CHUNK = 16 * 1024 * 1024;
const PLAIN_CHUNK = 1024 * 1024;

/** The host's file systems, or its kernel, cannot copy between these two: read and write instead. */
const NO_RANGE: ReadonlySet<number> = new Set(
  (['EXDEV', 'EINVAL', 'ENOSYS', 'EOPNOTSUPP', 'EPERM', 'EIO', 'EBADF'] as const).map(failed),
);

/**
 * Fills the empty file `to` with `size` bytes of `from`: shared blocks, else a copy inside the kernel, else through
 * memory. Holes stay holes. Synchronous when there is little to copy.
 */
export function copyFile(from: number, to: number, size: number): void | Promise<void> {
  if (size > 0 && ficlone(from, to) === 0) return finish(from, to, size);
  return size <= SYNC_LIMIT ? copySmall(from, to, size) : copyLarge(from, to, size);
}

function copySmall(from: number, to: number, size: number): void {
  for (const extent of extents(from, size)) {
    for (let at = extent.start; at < extent.end;) {
      const length = extent.end - at;
      let n = copyFileRange({ fd: from, offset: at }, { fd: to, offset: at }, length);
      if (NO_RANGE.has(n)) n = throughMemory(from, to, at, length);
      at += moved(n);
    }
  }
  finish(from, to, size);
}

function throughMemory(from: number, to: number, at: number, length: number): number {
  const buffer = Buffer.allocUnsafe(length);
  const n = check(pread(from, buffer, at));
  return n === 0 ? 0 : pwrite(to, buffer.subarray(0, n), at);
}

async function copyLarge(from: number, to: number, size: number): Promise<void> {
  let inKernel = true;
  const buffer = () => Buffer.allocUnsafe(PLAIN_CHUNK);
  let memory: Buffer | undefined;
  for (const extent of extents(from, size)) {
    for (let at = extent.start; at < extent.end;) {
      let n = 0;
      const left = extent.end - at;
      if (inKernel) {
        const [source, target] = [
          { fd: from, offset: at },
          { fd: to, offset: at },
        ];
        n = await copyFileRangeAsync(source, target, Math.min(left, CHUNK));
        inKernel = !NO_RANGE.has(n);
      }
      if (!inKernel) {
        memory ??= buffer();
        const part = memory.subarray(0, Math.min(left, PLAIN_CHUNK));
        n = check(await preadAsync(from, part, at));
        if (n > 0) n = await pwriteAsync(to, part.subarray(0, n), at);
      }
      at += moved(n);
    }
  }
  finish(from, to, size);
}

/** A source that ends before its size looks like one with a hole at its end: what was copied is not the file. */
function finish(from: number, to: number, size: number): void {
  check(ftruncate(to, size));
  check(fstat(from, stat));
  if (stat.size < size) throw failure('EIO');
}

const stat = new Stat();

/** Nothing where there was data a moment ago: the source became shorter. */
function moved(n: number): number {
  if (check(n) === 0) throw failure('EIO');
  return n;
}

interface Extent {
  readonly start: number;
  readonly end: number;
}

/** Where there is data. A file system that cannot tell says that all of it is. */
function* extents(fd: number, size: number): Generator<Extent, void, void> {
  for (let at = 0; at < size;) {
    const start = lseek(fd, at, SEEK.DATA);
    if (start === failed('ENXIO')) return;
    if (start < 0) {
      yield { start: at, end: size };
      return;
    }
    if (start >= size) return;
    const hole = lseek(fd, start, SEEK.HOLE);
    const end = hole < 0 ? size : Math.min(hole, size);
    yield { start, end };
    at = end;
  }
}
