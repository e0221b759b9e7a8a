import type { Name } from '../name.js';
import type { Inode } from './inode.js';

/** One name in a directory. */
export interface DirectoryEntry {
  readonly name: Name;
  readonly cookie: number;
  inode: Inode;
  gone: boolean;
}

/** Cookies 1 and 2 are "." and "..". */
const FIRST_COOKIE = 3;

/**
 * Names of a directory. Cookies ascend in the order of creation and are never used twice, so a listing that goes on
 * behind a cookie sees each entry that stayed exactly once, whatever came and went meanwhile.
 */
export class Directory {
  readonly #byName = new Map<Name, DirectoryEntry>();
  /** By cookie, ascending; with entries that are gone until enough of them have gathered. */
  #ordered: DirectoryEntry[] = [];
  #gone = 0;
  #nextCookie = FIRST_COOKIE;

  get size(): number {
    return this.#byName.size;
  }

  get(name: Name): Inode | undefined {
    return this.#byName.get(name)?.inode;
  }

  /** A name that is there keeps its place in listings, as a rename over it does on ext4. */
  set(name: Name, inode: Inode): void {
    const there = this.#byName.get(name);
    if (there !== undefined) {
      there.inode = inode;
      return;
    }
    const entry = { name, inode, cookie: this.#nextCookie++, gone: false };
    this.#byName.set(name, entry);
    this.#ordered.push(entry);
  }

  delete(name: Name): void {
    const entry = this.#byName.get(name);
    if (entry === undefined) return;
    this.#byName.delete(name);
    entry.gone = true;
    this.#gone += 1;
    if (this.#gone > 32 && this.#gone > this.#byName.size) {
      this.#ordered = this.#ordered.filter((kept) => !kept.gone);
      this.#gone = 0;
    }
  }

  /** The entries behind `cookie`, in order. Must be used up before the directory changes. */
  *after(cookie: number): Generator<DirectoryEntry, void> {
    let low = 0;
    let high = this.#ordered.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#ordered[middle]?.cookie ?? 0) <= cookie) low = middle + 1;
      else high = middle;
    }
    for (let i = low; i < this.#ordered.length; i++) {
      const entry = this.#ordered[i];
      if (entry !== undefined && !entry.gone) yield entry;
    }
  }
}
