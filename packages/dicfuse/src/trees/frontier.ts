import type { TreeWant } from '@scorpiofs/objects';

const MOST = 50_000;

/** Directories known by name and not yet asked for, in the order in which a program walks down a tree. */
export class Frontier {
  readonly #keys: string[] = [];
  readonly #wants = new Map<string, TreeWant>();

  get size(): number {
    return this.#keys.length;
  }

  add(want: TreeWant): void {
    const key = walkKey(want);
    if (this.#wants.has(key)) {
      this.#wants.set(key, want);
      return;
    }
    // A walk of something so large is served by what is asked for next, not by what was seen first.
    if (this.#keys.length >= MOST) this.#drop();
    this.#keys.splice(this.#position(key), 0, key);
    this.#wants.set(key, want);
  }

  delete(want: TreeWant): void {
    const key = walkKey(want);
    if (!this.#wants.delete(key)) return;
    this.#keys.splice(this.#position(key), 1);
  }

  /** Takes up to `count` that a walk comes to after `from`, in the same revision. */
  take(from: TreeWant, count: number): TreeWant[] {
    const at = this.#position(walkKey(from));
    const head = revisionKey(from);
    let end = at;
    while (end < this.#keys.length && end - at < count && this.#keys[end]?.startsWith(head)) end++;
    return this.#keys.splice(at, end - at).flatMap((key) => {
      const want = this.#wants.get(key);
      this.#wants.delete(key);
      return want ? [want] : [];
    });
  }

  clear(): void {
    this.#drop();
  }

  #drop(): void {
    this.#keys.length = 0;
    this.#wants.clear();
  }

  #position(key: string): number {
    let low = 0;
    let high = this.#keys.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#keys[middle] ?? '') < key) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** A directory's descendants come before its next sibling: the separator sorts before every other byte. */
function walkKey(want: TreeWant): string {
  return revisionKey(want) + want.path.replaceAll('/', '\0');
}

function revisionKey({ revision }: TreeWant): string {
  return revision.commit;
}
