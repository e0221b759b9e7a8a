import { nameFromBytes, type Name } from '@scorpiofs/fuse';
import type { EntryKind, Oid, TreeEntry, TreeName } from '@scorpiofs/objects';

const KINDS: readonly EntryKind[] = ['file', 'executable', 'symlink', 'submodule', 'directory'];
const CODES: ReadonlyMap<EntryKind, number> = new Map(KINDS.map((kind, code) => [kind, code]));
const ROW = 21;
/** Up to here a look through the names is quicker than a map, and costs no memory. */
const SMALL = 24;
export const UNKNOWN = -1;

/** The entries of one tree in its own order, packed: some 60 bytes an entry beside its name. */
export class Listing {
  readonly names: readonly Name[];
  /** Bytes, or `UNKNOWN`. Directories and submodules have none. */
  readonly sizes: number[];
  /** Kind (1 byte) and id (20) of each entry. */
  readonly #rows: Buffer;
  #index: Map<string, number> | undefined;

  constructor(entries: Iterable<TreeEntry>) {
    const names: Name[] = [];
    const sizes: number[] = [];
    const list = Array.isArray(entries) ? (entries as readonly TreeEntry[]) : [...entries];
    const rows = Buffer.allocUnsafeSlow(list.length * ROW);
    for (const { name, kind, oid } of list) {
      const at = names.length * ROW;
      rows[at] = CODES.get(kind) ?? 0;
      rows.write(oid, at + 1, 20, 'hex');
      names.push(asName(name));
      sizes.push(UNKNOWN);
    }
    this.names = names;
    this.sizes = sizes;
    this.#rows = rows;
  }

  get length(): number {
    return this.names.length;
  }

  indexOf(name: string): number {
    const { names } = this;
    if (names.length <= SMALL) {
      for (let i = 0; i < names.length; i++) if (names[i] === name) return i;
      return -1;
    }
    this.#index ??= new Map(names.map((one, i) => [one, i]));
    return this.#index.get(name) ?? -1;
  }

  name(index: number): Name {
    return this.names[index] ?? nameFromBytes(new Uint8Array());
  }

  kind(index: number): EntryKind {
    return KINDS[this.#rows[index * ROW] ?? 0] ?? 'file';
  }

  oid(index: number): Oid {
    return this.#rows.toString('hex', index * ROW + 1, (index + 1) * ROW) as Oid;
  }

  /** Whether a path can go on below it. A submodule is shown as an empty directory. */
  isDirectory(index: number): boolean {
    const kind = this.kind(index);
    return kind === 'directory' || kind === 'submodule';
  }

  sameEntry(index: number, other: Listing, at: number): boolean {
    const from = at * ROW;
    return (
      this.#rows.compare(other.#rows, from, from + ROW, index * ROW, (index + 1) * ROW) === 0 &&
      this.names[index] === other.names[at]
    );
  }
}

/** Both are one character per byte; the two packages brand them apart. */
function asName(name: TreeName): Name {
  const bytes: string = name;
  return bytes as Name;
}
