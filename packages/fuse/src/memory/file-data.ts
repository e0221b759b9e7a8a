import { fail } from '../errno.js';
import { PAGE, type Space } from './space.js';

/** Largest file: ext4's with blocks of 4 KiB. */
export const MAX_FILE_SIZE = 2 ** 44 - PAGE;

/** Stands for a page that `fallocate` reserved: counted as used, reads as zeros, is a hole to SEEK_DATA (as on ext4). */
const RESERVED = Buffer.alloc(PAGE);

/** Contents of a regular file: pages by number, absent ones are holes. Bytes of a page behind the end are zero. */
export class FileData {
  size = 0;
  readonly #pages = new Map<number, Buffer>();
  /** Numbers of the pages with data, ascending; made when a seek wants it. */
  #sorted: number[] | undefined;

  constructor(readonly space: Space) {}

  /** 512-byte units in use. */
  get blocks(): number {
    return this.#pages.size * (PAGE / 512);
  }

  read(offset: number, into: Uint8Array): number {
    const length = Math.max(0, Math.min(into.length, this.size - offset));
    for (let done = 0; done < length;) {
      const at = offset + done;
      const inPage = at % PAGE;
      const part = Math.min(PAGE - inPage, length - done);
      const page = this.#pages.get((at - inPage) / PAGE);
      if (page === undefined) into.fill(0, done, done + part);
      else into.set(page.subarray(inPage, inPage + part), done);
      done += part;
    }
    return length;
  }

  /** All of it, or as much as there is room for; ENOSPC only when not a byte fits. */
  write(offset: number, data: Uint8Array): number {
    if (offset >= MAX_FILE_SIZE && data.length > 0) throw fail('EFBIG');
    const wanted = Math.min(data.length, MAX_FILE_SIZE - offset);
    let done = 0;
    while (done < wanted) {
      const at = offset + done;
      const inPage = at % PAGE;
      const part = Math.min(PAGE - inPage, wanted - done);
      const page = this.#writable((at - inPage) / PAGE, done > 0);
      if (page === undefined) break;
      page.set(data.subarray(done, done + part), inPage);
      done += part;
    }
    if (done > 0) this.size = Math.max(this.size, offset + done);
    return done;
  }

  #writable(number: number, tolerant: boolean): Buffer | undefined {
    const page = this.#pages.get(number);
    if (page !== undefined && page !== RESERVED) return page;
    if (page === undefined) {
      if (tolerant && this.space.pages >= this.space.maxPages) return undefined;
      this.space.takePages(1);
    }
    const fresh = Buffer.alloc(PAGE);
    this.#pages.set(number, fresh);
    this.#sorted = undefined;
    return fresh;
  }

  truncate(size: number): void {
    if (size > MAX_FILE_SIZE) throw fail('EFBIG');
    if (size < this.size) this.punch(size, this.#reach() - size);
    this.size = size;
  }

  /** End of the last page: `fallocate` with KEEP_SIZE reserves pages behind the end of the file. */
  #reach(): number {
    let last = -1;
    for (const number of this.#pages.keys()) last = Math.max(last, number);
    return Math.max(this.size, (last + 1) * PAGE);
  }

  /** Makes a hole: whole pages go, the rest becomes zeros. The size stays. */
  punch(offset: number, length: number): void {
    const end = offset + length;
    for (const number of this.#within(offset, end)) {
      const from = Math.max(0, offset - number * PAGE);
      const to = Math.min(PAGE, end - number * PAGE);
      if (from === 0 && to === PAGE) this.#drop(number);
      else if (this.#pages.get(number) !== RESERVED) this.#pages.get(number)?.fill(0, from, to);
    }
  }

  /** The pages that touch a range. A copy: callers remove while they go through. */
  #within(offset: number, end: number): number[] {
    const first = Math.floor(offset / PAGE);
    const last = Math.ceil(end / PAGE);
    if (last - first > this.#pages.size) {
      return [...this.#pages.keys()].filter((number) => number >= first && number < last);
    }
    const found: number[] = [];
    for (let number = first; number < last; number++) {
      if (this.#pages.has(number)) found.push(number);
    }
    return found;
  }

  #drop(number: number): void {
    if (this.#pages.delete(number)) this.space.givePages(1);
    this.#sorted = undefined;
  }

  /** Reserves the pages of a range, all or none (ENOSPC). The size stays. */
  reserve(offset: number, length: number): void {
    const first = Math.floor(offset / PAGE);
    const last = Math.ceil((offset + length) / PAGE);
    this.space.takePages(last - first - this.#within(offset, offset + length).length);
    for (let number = first; number < last; number++) {
      if (!this.#pages.has(number)) this.#pages.set(number, RESERVED);
    }
  }

  /** Takes a range out, what follows moves to the front. Both in whole pages, and before the end: else EINVAL. */
  collapse(offset: number, length: number): void {
    if (offset % PAGE !== 0 || length % PAGE !== 0) throw fail('EINVAL');
    if (offset + length >= this.size) throw fail('EINVAL');
    this.punch(offset, length);
    this.#shift(offset / PAGE, -length / PAGE);
    this.size -= length;
  }

  /** Makes room for a hole, what follows moves to the back. */
  insert(offset: number, length: number): void {
    if (offset % PAGE !== 0 || length % PAGE !== 0) throw fail('EINVAL');
    if (offset >= this.size) throw fail('EINVAL');
    if (this.size + length > MAX_FILE_SIZE) throw fail('EFBIG');
    this.#shift(offset / PAGE, length / PAGE);
    this.size += length;
  }

  #shift(from: number, by: number): void {
    const moved = [...this.#pages].filter(([number]) => number >= from);
    for (const [number] of moved) this.#pages.delete(number);
    for (const [number, page] of moved) this.#pages.set(number + by, page);
    this.#sorted = undefined;
  }

  /** First data at or behind `offset`; ENXIO where there is none. */
  seekData(offset: number): number {
    if (offset < 0 || offset >= this.size) throw fail('ENXIO');
    const first = Math.floor(offset / PAGE);
    const sorted = this.#dataPages();
    const next = sorted[firstAtLeast(sorted, first)];
    if (next === undefined || next * PAGE >= this.size) throw fail('ENXIO');
    return Math.max(offset, next * PAGE);
  }

  /** First hole at or behind `offset`; the end of the file is one. */
  seekHole(offset: number): number {
    if (offset < 0 || offset >= this.size) throw fail('ENXIO');
    const sorted = this.#dataPages();
    let number = Math.floor(offset / PAGE);
    for (let i = firstAtLeast(sorted, number); sorted[i] === number; i++) number += 1;
    return Math.min(this.size, Math.max(offset, number * PAGE));
  }

  #dataPages(): number[] {
    this.#sorted ??= [...this.#pages]
      .filter(([, page]) => page !== RESERVED)
      .map(([number]) => number)
      .sort((a, b) => a - b);
    return this.#sorted;
  }

  /** Gives everything back. */
  clear(): void {
    this.space.givePages(this.#pages.size);
    this.#pages.clear();
    this.#sorted = undefined;
    this.size = 0;
  }
}

function firstAtLeast(sorted: readonly number[], wanted: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] ?? 0) < wanted) low = middle + 1;
    else high = middle;
  }
  return low;
}
