import type { Directory } from './directory.js';
import type { PlacedTree, Places } from './ids/places.js';

/** Entries of listings that are kept parsed; about 120 bytes each with their names. */
const MOST_ENTRIES = 200_000;
const MOST_LOOSE = 64;

/** Bounds the memory for listings: the least recently used are let go, and read again from the store when needed. */
export class Loaded {
  readonly #with = new Set<Directory>();
  /** Trees looked up by number whose directory is not known. */
  readonly #loose = new Set<PlacedTree>();
  #entries = 0;
  #clock = 0;

  constructor(
    readonly places: Places,
    readonly most = MOST_ENTRIES,
  ) {}

  get entries(): number {
    return this.#entries;
  }

  use(directory: Directory): void {
    directory.used = ++this.#clock;
  }

  add(directory: Directory): void {
    this.use(directory);
    if (this.#with.has(directory)) return;
    this.#with.add(directory);
    this.#entries += directory.tree?.listing.length ?? 0;
    if (this.#entries > this.most) this.#evict(directory);
  }

  remove(directory: Directory): void {
    const { tree } = directory;
    if (!this.#with.delete(directory) || tree === undefined) return;
    this.#entries -= tree.listing.length;
    this.places.unload(tree);
    directory.tree = undefined;
  }

  addLoose(tree: PlacedTree): void {
    this.#loose.add(tree);
    for (const oldest of this.#loose) {
      if (this.#loose.size <= MOST_LOOSE) break;
      this.#loose.delete(oldest);
      this.places.unload(oldest);
    }
  }

  #evict(newest: Directory): void {
    const oldest = [...this.#with].toSorted((a, b) => a.used - b.used);
    for (const directory of oldest) {
      if (this.#entries <= this.most * 0.75) break;
      if (directory !== newest) this.remove(directory);
    }
  }
}
