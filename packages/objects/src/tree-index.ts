import { randomInt } from 'node:crypto';
import type { TreeName } from './name.js';
import type { Oid } from './oid.js';
import type { DroppedEntry } from './safe-entries.js';
import { scanTree } from './scan-tree.js';
import type { EntryKind, TreeEntry } from './tree.js';
import { type NameProblem, nameProblem } from './tree-name.js';
import { aligned, keepRoom, takeRoom } from './tree-slab.js';

const KINDS: readonly EntryKind[] = ['file', 'executable', 'symlink', 'submodule', 'directory'];
const CODES = new Map(KINDS.map((kind, code) => [kind, code]));
/** The shortest entry: a mode of five digits, a space, an empty name, NUL, the id. */
const SHORTEST = 27;
/** Up to here a look through the names is quicker than a table, and costs no memory. */
const FEW = 24;
/** Above the length of a name in its word. */
const KIND_SHIFT = 29;
const LENGTH = 2 ** KIND_SHIFT - 1;
const SLASH = 0x2f;
const { imul } = Math;
/** The name that is looked up, used again and again. */
const wanted = new Uint8Array(256);
const NOTHING_DROPPED: readonly DroppedEntry[] = [];
const NO_SLOTS = new Uint32Array(0);

/**
 * A tree kept as its bytes and looked into: names, kinds and ids are made when they are asked for. Costs 8 bytes for an
 * entry beside the tree itself (about 45 bytes an entry), where `TreeEntry` objects take 200. Same entries in the same order
 * as `parseTree`, and the same drops (C10). A large tree can be read some entries at a time.
 */
export class TreeIndex {
  readonly #bytes: Buffer;
  /** Of each entry kept two words: where its name starts; its length, and the kind above that. The id follows the NUL behind it. */
  readonly #words: Uint32Array;
  readonly #rows: number;
  readonly #start: number;
  readonly #end: number;
  #length = 0;
  #longest = 0;
  #dropped = NOTHING_DROPPED;
  /** Open addressing, at most half full: entry + 1, or 0. Made when names may repeat, or one is looked up among many. */
  #slots = NO_SLOTS;
  #read: number;

  /** Of a copy of `bytes`; reads at most `most` entries of them. Throws `TreeFormatError`. */
  constructor(bytes: Uint8Array, most = Infinity) {
    const rows = aligned(bytes.length);
    const room = takeRoom(rows + 8 * Math.ceil(bytes.length / SHORTEST));
    this.#bytes = room.bytes;
    this.#words = room.words;
    this.#start = room.at;
    this.#end = room.at + bytes.length;
    this.#rows = (room.at + rows) / 4;
    this.#read = room.at;
    this.#bytes.set(bytes, room.at);
    // Made entry by entry: in one go at the first look-up it would take as long as all the reading.
    if (most < bytes.length / SHORTEST) this.#makeSlots();
    if (this.readOn(most)) keepRoom(room, rows + 8 * this.#length);
  }

  /** Reads at most `most` further entries; true when none is left. Throws `TreeFormatError`. */
  readOn(most: number): boolean {
    const visit = (name: number, nul: number, kind: EntryKind): void => this.#add(name, nul, kind);
    this.#read = scanTree(this.#bytes, visit, this.#read, this.#end, most);
    return this.complete;
  }

  /** Whether all entries have been read; the others are not there yet. */
  get complete(): boolean {
    return this.#read === this.#end;
  }

  /** Number of entries. */
  get length(): number {
    return this.#length;
  }

  /** Bytes of the longest name. */
  get longest(): number {
    return this.#longest;
  }

  get dropped(): readonly DroppedEntry[] {
    return this.#dropped;
  }

  /** The tree as it came, not to be changed. */
  get body(): Buffer {
    return this.#bytes.subarray(this.#start, this.#end);
  }

  /** Bytes that this tree holds on to. */
  get byteLength(): number {
    return this.#end - this.#start + this.#length * 8 + this.#slots.byteLength;
  }

  /** Position of a name, -1 if there is none. */
  indexOf(name: TreeName): number {
    const { length } = name;
    if (length > this.#longest) return -1;
    const bytes = length <= wanted.length ? wanted : new Uint8Array(length);
    for (let i = 0; i < length; i++) bytes[i] = name.charCodeAt(i);
    if (this.#length <= FEW) {
      for (let i = 0; i < this.#length; i++) if (this.#isName(i, bytes, 0, length)) return i;
      return -1;
    }
    if (this.#slots.length === 0) this.#makeSlots();
    return (this.#slots[this.#slot(bytes, 0, length)] ?? 0) - 1;
  }

  /** The entry at a position; throws `RangeError` beyond the end. */
  at(index: number): TreeEntry {
    return { name: this.nameAt(index), kind: this.kindAt(index), oid: this.oidAt(index) };
  }

  nameAt(index: number): TreeName {
    const start = this.#nameStart(index);
    return this.#bytes.toString('latin1', start, start + this.#nameLength(index)) as TreeName;
  }

  kindAt(index: number): EntryKind {
    this.#check(index);
    return KINDS[(this.#words[this.#rows + 2 * index + 1] ?? 0) >>> KIND_SHIFT] ?? 'file';
  }

  oidAt(index: number): Oid {
    const id = this.#nameStart(index) + this.#nameLength(index) + 1;
    return this.#bytes.toString('hex', id, id + 20) as Oid;
  }

  /** Whether two entries have the same name, kind and id. */
  same(index: number, other: TreeIndex, at: number): boolean {
    const [start, length] = [this.#nameStart(index), this.#nameLength(index)];
    const from = other.#nameStart(at);
    if (this.kindAt(index) !== other.kindAt(at) || length !== other.#nameLength(at)) return false;
    const size = length + 21;
    return this.#bytes.compare(other.#bytes, from, from + size, start, start + size) === 0;
  }

  *[Symbol.iterator](): Generator<TreeEntry> {
    for (let i = 0; i < this.length; i++) yield this.at(i);
  }

  #check(index: number): void {
    if (!(index >= 0 && index < this.#length)) throw new RangeError(`no tree entry ${index}`);
  }

  #nameStart(index: number): number {
    this.#check(index);
    return this.#words[this.#rows + 2 * index] ?? 0;
  }

  #nameLength(index: number): number {
    return (this.#words[this.#rows + 2 * index + 1] ?? 0) & LENGTH;
  }

  #add(start: number, end: number, kind: EntryKind): void {
    const problem = this.#problem(start, end);
    if (problem !== undefined) {
      const index = this.#length + this.#dropped.length;
      const name = this.#bytes.toString('latin1', start, end);
      this.#dropped = [...this.#dropped, { index, name, problem }];
      return;
    }
    const row = this.#rows + 2 * this.#length;
    this.#words[row] = start;
    this.#words[row + 1] = (end - start) | ((CODES.get(kind) ?? 0) << KIND_SHIFT);
    this.#length += 1;
    if (end - start > this.#longest) this.#longest = end - start;
    if (this.#slots.length > 0) this.#enter(this.#length - 1);
  }

  #problem(start: number, end: number): NameProblem | undefined {
    // Only short names and names with a slash can be wrong by themselves: no string is made for the others.
    if (end - start <= 2 || this.#hasSlash(start, end)) {
      const alone = nameProblem(this.#bytes.toString('latin1', start, end));
      if (alone !== undefined) return alone;
    }
    // Names that rise strictly are different; most trees' do (git sorts a directory as if its name ended in a slash, so not all).
    if (this.#slots.length === 0) {
      if (this.#rises(start, end)) return undefined;
      this.#makeSlots();
    }
    return this.#slots[this.#slot(this.#bytes, start, end)] === 0 ? undefined : 'duplicate';
  }

  #hasSlash(start: number, end: number): boolean {
    const bytes = this.#bytes;
    for (let i = start; i < end; i++) if (bytes[i] === SLASH) return true;
    return false;
  }

  #rises(start: number, end: number): boolean {
    if (this.#length === 0) return true;
    const bytes = this.#bytes;
    const last = this.#nameStart(this.#length - 1);
    const before = this.#nameLength(this.#length - 1);
    const shorter = before < end - start ? before : end - start;
    for (let i = 0; i < shorter; i++) {
      const [a, b] = [bytes[last + i] ?? 0, bytes[start + i] ?? 0];
      if (a !== b) return a < b;
    }
    return shorter < end - start;
  }

  #isName(index: number, from: Uint8Array, start: number, end: number): boolean {
    if (this.#nameLength(index) !== end - start) return false;
    const bytes = this.#bytes;
    const own = this.#nameStart(index) - start;
    for (let i = start; i < end; i++) if (bytes[own + i] !== from[i]) return false;
    return true;
  }

  /** Room for all entries that the bytes can hold. */
  #makeSlots(): void {
    const most = this.complete ? this.#length : (this.#end - this.#start) / SHORTEST;
    this.#slots = new Uint32Array(2 ** Math.ceil(Math.log2(2 * most + 1)));
    for (let i = 0; i < this.#length; i++) this.#enter(i);
  }

  #enter(index: number): void {
    const start = this.#nameStart(index);
    const slot = this.#slot(this.#bytes, start, start + this.#nameLength(index));
    this.#slots[slot] = index + 1;
  }

  /** The slot of this name, or the free one where it would stand. */
  #slot(from: Uint8Array, start: number, end: number): number {
    const mask = this.#slots.length - 1;
    let hash = SEED;
    for (let i = start; i < end; i++) hash = imul(hash ^ (from[i] ?? 0), FACTOR);
    for (let slot = (hash ^ (hash >>> 15)) & mask; ; slot = (slot + 1) & mask) {
      const entry = (this.#slots[slot] ?? 0) - 1;
      if (entry < 0 || this.#isName(entry, from, start, end)) return slot;
    }
  }
}

/** Others in each process, so that a server cannot choose names that all fall into one slot. The factor is odd. */
const SEED = randomInt(2 ** 32) | 0;
const FACTOR = (randomInt(2 ** 24) << 8) | 0x95;
