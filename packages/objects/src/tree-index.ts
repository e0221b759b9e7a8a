import { randomInt } from 'node:crypto';
import type { TreeName } from './name.js';
import type { Oid } from './oid.js';
import type { DroppedEntry } from './safe-entries.js';
import { asBuffer, scanTree } from './scan-tree.js';
import type { EntryKind, TreeEntry } from './tree.js';
import { type NameProblem, nameProblem } from './tree-name.js';

const KINDS: readonly EntryKind[] = ['file', 'executable', 'symlink', 'submodule', 'directory'];
const CODES = new Map(KINDS.map((kind, code) => [kind, code]));

/**
 * A tree kept as its bytes and looked into: names, kinds and ids are made when they are asked for. Costs 17 to 25 bytes for an
 * entry beside the tree itself (about 45 bytes an entry), where `TreeEntry` objects take 200, and a lookup needs no
 * object per sibling. Same entries in the same order as `parseTree`, and the same drops (C10).
 */
export class TreeIndex {
  readonly dropped: readonly DroppedEntry[];
  readonly #body: Buffer;
  /** Of each entry kept: where its name starts and ends (its id follows the NUL there). */
  readonly #starts: Uint32Array;
  readonly #ends: Uint32Array;
  readonly #kinds: Uint8Array;
  /** Open addressing, at most half full: entry + 1, or 0. Also what finds duplicates. */
  readonly #slots: Uint32Array;

  /** Takes over `bytes`: they must not change afterwards. Throws `TreeFormatError`. */
  constructor(bytes: Uint8Array) {
    const body = asBuffer(bytes);
    this.#body = body;
    let count = 0;
    scanTree(body, () => count++);
    this.#starts = new Uint32Array(count);
    this.#ends = new Uint32Array(count);
    this.#kinds = new Uint8Array(count);
    this.#slots = new Uint32Array(2 ** Math.ceil(Math.log2(2 * count + 1)));
    const dropped: DroppedEntry[] = [];
    let kept = 0;
    let index = 0;
    scanTree(body, (start, end, kind) => {
      const slot = this.#slot(body, start, end);
      const problem = this.#problem(start, end, slot);
      if (problem === undefined) {
        this.#starts[kept] = start;
        this.#ends[kept] = end;
        this.#kinds[kept] = CODES.get(kind) ?? 0;
        kept += 1;
        this.#slots[slot] = kept;
      } else {
        dropped.push({ index, name: body.toString('latin1', start, end), problem });
      }
      index += 1;
    });
    this.length = kept;
    this.dropped = dropped;
  }

  /** Number of entries. */
  readonly length: number;

  /** Bytes that this tree holds on to. */
  get byteLength(): number {
    return this.#body.length + this.#starts.length * 9 + this.#slots.byteLength;
  }

  /** Position of a name, -1 if there is none. */
  indexOf(name: TreeName): number {
    const bytes = Buffer.from(name, 'latin1');
    return (this.#slots[this.#slot(bytes, 0, bytes.length)] ?? 0) - 1;
  }

  /** The entry at a position; throws `RangeError` beyond the end. */
  at(index: number): TreeEntry {
    return { name: this.nameAt(index), kind: this.kindAt(index), oid: this.oidAt(index) };
  }

  nameAt(index: number): TreeName {
    this.#check(index);
    return this.#body.toString('latin1', this.#starts[index], this.#ends[index]) as TreeName;
  }

  kindAt(index: number): EntryKind {
    this.#check(index);
    return KINDS[this.#kinds[index] ?? 0] ?? 'file';
  }

  oidAt(index: number): Oid {
    this.#check(index);
    const end = this.#ends[index] ?? 0;
    return this.#body.toString('hex', end + 1, end + 21) as Oid;
  }

  *[Symbol.iterator](): Generator<TreeEntry> {
    for (let i = 0; i < this.length; i++) yield this.at(i);
  }

  #check(index: number): void {
    if (!(index >= 0 && index < this.length)) throw new RangeError(`no tree entry ${index}`);
  }

  #problem(start: number, end: number, slot: number): NameProblem | undefined {
    // Only short names and names with a slash can be wrong by themselves: no string is made for the others.
    if (end - start <= 2 || this.#body.subarray(start, end).includes(0x2f)) {
      const alone = nameProblem(this.#body.toString('latin1', start, end));
      if (alone !== undefined) return alone;
    }
    return this.#slots[slot] === 0 ? undefined : 'duplicate';
  }

  /** The slot of this name, or the free one where it would stand. */
  #slot(from: Buffer, start: number, end: number): number {
    const mask = this.#slots.length - 1;
    let hash = SEED;
    for (let i = start; i < end; i++) hash = Math.imul(hash ^ (from[i] ?? 0), FACTOR);
    for (let slot = (hash ^ (hash >>> 15)) & mask; ; slot = (slot + 1) & mask) {
      const entry = (this.#slots[slot] ?? 0) - 1;
      if (entry < 0) return slot;
      const a = this.#starts[entry] ?? 0;
      const b = this.#ends[entry] ?? 0;
      if (b - a === end - start && this.#body.compare(from, start, end, a, b) === 0) return slot;
    }
  }
}

/** Others in each process, so that a server cannot choose names that all fall into one slot. The factor is odd. */
const SEED = randomInt(2 ** 32) | 0;
const FACTOR = (randomInt(2 ** 24) << 8) | 0x95;
