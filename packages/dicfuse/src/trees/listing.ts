import type { Name } from '@scorpiofs/fuse';
import {
  encodeTree,
  TreeIndex,
  type EntryKind,
  type Oid,
  type TreeEntry,
  type TreeName,
} from '@scorpiofs/objects';

export const UNKNOWN = -1;
const LARGE = 4096;

/** The entries of one tree in its own order, packed: some 60 bytes an entry with its name. */
export class Listing {
  /** Bytes, or `UNKNOWN`. Directories and submodules have none. */
  readonly sizes: number[];

  constructor(
    readonly tree: TreeIndex,
    /** Taken over. Absent: none is known. */
    sizes?: number[],
  ) {
    this.sizes = sizes?.length === tree.length ? sizes : unknown(tree.length);
  }

  static of(entries: Iterable<TreeEntry>): Listing {
    return new Listing(new TreeIndex(encodeTree([...entries])));
  }

  get length(): number {
    return this.tree.length;
  }

  /** Of every entry; made anew at each call. */
  get names(): readonly Name[] {
    return Array.from({ length: this.length }, (_, i) => this.name(i));
  }

  /** Whether going through it in one turn of the event loop takes too long. */
  get isLarge(): boolean {
    return this.length > LARGE;
  }

  indexOf(name: string): number {
    return this.tree.indexOf(name as TreeName);
  }

  name(index: number): Name {
    return asName(this.tree.nameAt(index));
  }

  kind(index: number): EntryKind {
    return this.tree.kindAt(index);
  }

  oid(index: number): Oid {
    return this.tree.oidAt(index);
  }

  /** Whether a path can go on below it. A submodule is shown as an empty directory. */
  isDirectory(index: number): boolean {
    const kind = this.kind(index);
    return kind === 'directory' || kind === 'submodule';
  }

  sameEntry(index: number, other: Listing, at: number): boolean {
    return this.tree.same(index, other.tree, at);
  }
}

function unknown(count: number): number[] {
  const sizes: number[] = [];
  for (let i = 0; i < count; i++) sizes.push(UNKNOWN);
  return sizes;
}

/** Both are one character per byte; the two packages brand them apart. */
function asName(name: TreeName): Name {
  const bytes: string = name;
  return bytes as Name;
}
