import { closeSync, fstatSync, openSync, statfsSync } from 'node:fs';
import { errno, FALLOC, fallocate, fsTypes, statfs } from '@scorpiofs/posix';

/** Bytes that LMDB may need beside what is put: pages copied on their way from the root. */
export const MARGIN = 1024 * 1024;
/** The same for a row or two that make room, or end something: they may use what others leave. */
export const SMALL_MARGIN = 256 * 1024;
/** A row in a page of its own, and the page above it. */
const PER_ROW = 2 * 4096;
/** Reserved beyond what is needed, so that not every transaction has to ask. */
const STEP = 1024 * 1024;
/** What is overwritten there goes to a new place: nothing can be reserved. */
const COPY_ON_WRITE: ReadonlySet<number> = new Set([fsTypes.btrfs, fsTypes.zfs, fsTypes.bcachefs]);

/** Free for this user on the disk of a directory, bytes. */
export function freeBytes(directory: string): number {
  try {
    const { bavail, bsize } = statfsSync(directory);
    return bavail * bsize;
  } catch {
    return Infinity;
  }
}

/**
 * Room on the disk for LMDB's next transaction, reserved before it begins: blocks behind the end of its file, which do not change its
 * length. LMDB must not meet a full disk itself: the binding writes about such a failure into a buffer of 100 bytes, too
 * short for large files (`mdb_page_flush`), and the process dies of it or later (seen: `free(): invalid size`, SIGSEGV). Asking how much is free
 * is not enough, since others take it between the question and the write.
 *
 * Reserved blocks are on the disk whoever writes them, so several processes may reserve for one file.
 */
export class Room implements Disposable {
  readonly #fd: number;
  #reserves: boolean;
  /** Up to here blocks are known to be there. */
  #end = 0;

  constructor(
    readonly directory: string,
    /** LMDB's file; it must exist. */
    path: string,
  ) {
    this.#fd = openSync(path, 'r+');
    const type = statfs(directory);
    this.#reserves = typeof type === 'object' && !COPY_ON_WRITE.has(type.type);
  }

  /** Whether a transaction that puts so much may begin. */
  has(rows: number, bytes: number, margin = MARGIN): boolean {
    const need = margin + rows * PER_ROW + bytes;
    const { size } = fstatSync(this.#fd);
    if (this.#reserves && size + need <= this.#end) return true;
    return this.#reserve(size, need + STEP) ?? this.#reserve(size, need) ?? false;
  }

  /** Undefined: no room. */
  #reserve(size: number, bytes: number): true | undefined {
    if (this.#reserves) {
      let failed = fallocate(this.#fd, FALLOC.KEEP_SIZE, size, bytes);
      for (let i = 0; i < 10 && failed === -errno.EINTR; i++)
        failed = fallocate(this.#fd, FALLOC.KEEP_SIZE, size, bytes);
      if (failed === 0) {
        this.#end = size + bytes;
        return true;
      }
      if (failed === -errno.ENOSPC || failed === -errno.EDQUOT) return undefined;
      // Not every file system can.
      this.#reserves = false;
    }
    return freeBytes(this.directory) > bytes ? true : undefined;
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd);
  }
}
