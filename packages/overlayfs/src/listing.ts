import type { Name } from '@scorpiofs/fuse';

export interface Listed {
  readonly name: Name;
  readonly ino: bigint;
  readonly type: number;
  /** Where a listing goes on after this entry; never changes while the name stays. */
  readonly cookie: number;
}

/**
 * The merged names of one directory, in the order of their cookies. A name keeps its cookie as long as it exists and a new
 * one is appended, so a listing that is under way neither repeats nor loses an entry that was there throughout (POSIX readdir).
 */
export class Listing {
  /** In the order of their cookies: a new name comes last and gets the highest, a changed one keeps place and cookie. */
  readonly #entries = new Map<Name, Listed>();
  #ordered: Listed[] | undefined;
  /** 1 and 2 are "." and "..". */
  #next = 3;

  get size(): number {
    return this.#entries.size;
  }

  has(name: Name): boolean {
    return this.#entries.has(name);
  }

  get(name: Name): Listed | undefined {
    return this.#entries.get(name);
  }

  set(name: Name, ino: bigint, type: number): void {
    const old = this.#entries.get(name);
    if (old?.ino === ino && old.type === type) return;
    const entry: Listed = { name, ino, type, cookie: old?.cookie ?? this.#next++ };
    this.#entries.set(name, entry);
    if (this.#ordered === undefined) return;
    if (old === undefined) this.#ordered.push(entry);
    else this.#ordered = undefined;
  }

  delete(name: Name): void {
    if (this.#entries.delete(name)) this.#ordered = undefined;
  }

  names(): IterableIterator<Name> {
    return this.#entries.keys();
  }

  /** Entries whose cookie is greater than `cookie`, in order. */
  *after(cookie: number): Generator<Listed, void, undefined> {
    const ordered = (this.#ordered ??= [...this.#entries.values()]);
    let low = 0;
    let high = ordered.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((ordered[middle]?.cookie ?? 0) > cookie) high = middle;
      else low = middle + 1;
    }
    for (let i = low; i < ordered.length; i++) {
      const entry = ordered[i];
      if (entry !== undefined) yield entry;
    }
  }
}
