import { fail } from '../errno.js';

/** Bytes of one page of data: the unit of allocation, of holes and of `st_blocks`, as on ext4. */
export const PAGE = 4096;

/** What a whole file system may hold, and holds. */
export class Space {
  pages = 0;
  inodes = 0;

  constructor(
    readonly maxPages: number,
    readonly maxInodes: number,
  ) {}

  /** Fails with ENOSPC, taking nothing, when that many pages are not free. */
  takePages(count: number): void {
    if (this.pages + count > this.maxPages) throw fail('ENOSPC', 'no page left');
    this.pages += count;
  }

  givePages(count: number): void {
    this.pages -= count;
  }

  takeInode(): void {
    if (this.inodes >= this.maxInodes) throw fail('ENOSPC', 'no inode left');
    this.inodes += 1;
  }

  giveInode(): void {
    this.inodes -= 1;
  }
}
