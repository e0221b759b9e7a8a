import {
  EMPTY_BLOB,
  EMPTY_TREE,
  encodeTree,
  SourceError,
  indexInTurns,
  LARGE_TREE,
  TreeIndex,
  type DroppedEntry,
  type Oid,
  type PackedTree,
  type TreeEntry,
} from '@scorpiofs/objects';
import { fsck, type FsckReport } from './check/fsck.js';
import { recover } from './check/recover.js';
import type { Counters } from './counters.js';
import { Contents, type Lease } from './disk/contents.js';
import { FileWriter } from './disk/file-writer.js';
import { SegmentWriter } from './disk/segment-writer.js';
import { SMALL } from './disk/small.js';
import { verifyBlob } from './disk/verify.js';
import { asDamage, closedStore, withRoomError } from './errors.js';
import { Layout } from './layout.js';
import { synced } from './meta/commit.js';
import { Facts } from './meta/facts.js';
import { decodeSize, encodeSize, isSize } from './meta/size-row.js';
import {
  decodeTreeRow,
  decodeTreeRowInTurns,
  encodeTreeRow,
  type TreeFacts,
  type TreeRow,
} from './meta/tree-row.js';
import type { Row } from './meta/write-queue.js';
import { closeParts, openParts } from './open-parts.js';
import type { Parts } from './parts.js';
import { gather } from './gather.js';
import { upkeep, usedBytes } from './upkeep.js';

export interface StoreOptions {
  /** Bytes that the store may take on disk; contents used longest ago go when it takes more. Default and 0: no limit. */
  readonly quotaBytes?: number;
  /** Told of rows that could not be written (disk full) and of upkeep that failed; the store goes on. */
  readonly onProblem?: (error: unknown) => void;
}

/** A directory as the store keeps it. Its entries are made when they are asked for. */
export interface StoredTree extends TreeFacts {
  readonly entries: Iterable<TreeEntry>;
  readonly tree: TreeIndex;
  /** By position, -1 where not known; absent where none was put with it. The caller's to keep. */
  readonly sizes?: number[];
  readonly dropped: readonly DroppedEntry[];
}

export { SMALL };
const SEGMENT = 32 * 1024 * 1024;
/** Milliseconds between two rounds of upkeep. */
const UPKEEP = 30_000;

/**
 * Trees, sizes, contents and facts in one directory, shared by any number of processes on one machine. What is here is
 * answered in the same turn. Contents are checked against their ids when they come in (C04), so what can be read is right.
 */
export class Store implements AsyncDisposable {
  readonly counters: Counters;
  /** Small values of the caller's own, in parts by prefix. */
  readonly facts: Facts;
  readonly #parts: Parts;
  readonly #contents: Contents;
  readonly #segments: SegmentWriter;
  readonly #files: FileWriter;
  readonly #quota: number | undefined;
  readonly #onProblem: (error: unknown) => void;
  readonly #timer: NodeJS.Timeout;
  readonly #adding = new Set<Promise<void>>();
  #unchecked = 0;
  #upkeep: Promise<void> | undefined;
  #nextUpkeep: Promise<void> | undefined;
  #closed: Promise<void> | undefined;

  /**
   * Opens the store in the directory that `store_path` names, or makes one. Everything lies in one directory below it;
   * other programs' files beside that are left alone. Throws `StoreError`.
   */
  static async open(storePath: string, options: StoreOptions = {}): Promise<Store> {
    const parts = openParts(new Layout(storePath), options.onProblem ?? (() => {}));
    try {
      await recover(parts);
    } catch (error) {
      await closeParts(parts);
      throw withRoomError(parts.layout.root, asDamage(parts.layout.meta, error));
    }
    return new Store(parts, options);
  }

  private constructor(parts: Parts, { quotaBytes, onProblem }: StoreOptions) {
    const { layout, tables, queue, boot, owner, open } = parts;
    this.#parts = parts;
    this.#quota = quotaBytes === 0 ? undefined : quotaBytes;
    this.#onProblem = onProblem ?? (() => {});
    this.counters = parts.counters;
    this.facts = new Facts(parts.root, tables.facts, queue, layout.root);
    this.#contents = new Contents(layout, tables.places, open);
    const written = (bytes: number): void => this.#written(bytes);
    this.#files = new FileWriter(layout, owner.name, boot, tables.unsynced, queue, written);
    this.#segments = new SegmentWriter(
      layout,
      parts.segments,
      tables.places,
      queue,
      // Segments are let go whole: a small quota needs smaller ones.
      Math.min(SEGMENT, Math.max(SMALL, (this.#quota ?? Infinity) / 16)),
      written,
    );
    this.#timer = setInterval(() => void this.upkeep().catch(this.#onProblem), UPKEEP).unref();
  }

  /** The directory that is this store's own. */
  get directory(): string {
    return this.#parts.layout.root;
  }

  // ---- trees

  /** From disk, checked, in this turn. Undefined: not here. */
  tree(key: Oid): StoredTree | undefined {
    const row = this.#parts.tables.trees.get(key);
    return this.#found(key, row !== undefined, row && decodeTreeRow(key, row), now);
  }

  /** As `tree`; a large listing is read in several turns of the event loop, so that others get theirs (D13). */
  treeSoon(key: Oid): StoredTree | undefined | Promise<StoredTree | undefined> {
    const row = this.#parts.tables.trees.get(key);
    return row !== undefined && row.length > LARGE_TREE
      ? this.#treeInTurns(key, Buffer.from(row))
      : this.#found(key, row !== undefined, row && decodeTreeRow(key, row), now);
  }

  async #treeInTurns(key: Oid, row: Buffer): Promise<StoredTree | undefined> {
    const tree = await decodeTreeRowInTurns(key, row);
    const index = tree && (await indexInTurns(tree.body));
    return this.#found(key, true, tree, () => index);
  }

  #found(
    key: Oid,
    isThere: boolean,
    row: TreeRow | undefined,
    indexOf: (body: Buffer) => TreeIndex | undefined,
  ): StoredTree | undefined {
    const tree = row && indexOf(row.body);
    if (tree === undefined || row === undefined) {
      if (isThere) this.counters.damaged += 1;
      if (key === EMPTY_TREE) return storedTree(EMPTY, now(EMPTY.body));
      this.counters.misses += 1;
      return undefined;
    }
    this.counters.hits += 1;
    return storedTree(row, tree);
  }

  hasTree(key: Oid): boolean {
    return this.#parts.tables.trees.get(key) !== undefined;
  }

  /**
   * Keeps a listing in its received order under the id by which its parent knows it, whether it hashes to that or not (C05).
   * Readable at once, on disk soon after.
   */
  putTree(key: Oid, entries: readonly TreeEntry[], verified: boolean, modesKnown = true): void {
    const value = encodeTreeRow(key, { body: encodeTree(entries), verified, modesKnown });
    this.#parts.queue.put([{ table: this.#parts.tables.trees, key, value }]);
  }

  /** The same with the bytes as they came, and sizes. `exact`: they hash to `key`; that is checked when they are read. */
  putPackedTree(
    key: Oid,
    { tree, sizes }: PackedTree,
    { verified, modesKnown, exact }: TreeFacts & { readonly exact?: true },
  ): void {
    const { body } = tree;
    const told = sizes?.some((size) => size >= 0) === true;
    const row = { body, verified, modesKnown, ...(told && { sizes }) };
    const value = encodeTreeRow(key, row, exact);
    this.#parts.queue.put([{ table: this.#parts.tables.trees, key, value }]);
  }

  // ---- sizes

  /** Bytes, in this turn. Undefined: not known here. */
  size(oid: Oid): number | undefined {
    if (oid === EMPTY_BLOB) return 0;
    const row = this.#parts.tables.sizes.get(oid);
    return (row && decodeSize(row)) ?? this.#contents.knownSize(oid);
  }

  /** Remembered for ever (C07). What is no size is refused with a `RangeError`. */
  putSizes(sizes: Iterable<readonly [Oid, number]>): void {
    const table = this.#parts.tables.sizes;
    const rows: Row[] = [];
    for (const [oid, size] of sizes) {
      if (!isSize(size)) throw new RangeError(`not the size of an object: ${size}`);
      if (this.size(oid) !== size) rows.push({ table, key: oid, value: encodeSize(size) });
    }
    this.#parts.queue.put(rows);
  }

  // ---- contents

  /** `size`, where the caller knows it, makes a miss cheaper. */
  hasContent(oid: Oid, size?: number): boolean {
    return oid === EMPTY_BLOB || this.#contents.has(oid, size);
  }

  /**
   * Copies from `offset` until `into` is full or the content ends, in this turn; returns the number of bytes. Undefined: not
   * here. Throws a `StoreError` when the disk fails.
   */
  readContent(oid: Oid, offset: number, into: Uint8Array, size?: number): number | undefined {
    if (oid === EMPTY_BLOB) return 0;
    const got = this.#contents.read(oid, offset, into, size);
    if (got === undefined) this.counters.misses += 1;
    else this.counters.hits += 1;
    return got;
  }

  /** A descriptor to read from, which eviction leaves alone until the lease is disposed of. Undefined: not here. */
  openBlob(oid: Oid): Lease | undefined {
    return this.#contents.lease(oid);
  }

  /**
   * Keeps a content; resolves when it can be read. Rejects with a `SourceError` (`broken`) for bytes that are not what the id
   * says (C04), with a `StoreError` of code `ENOSPC` when there is no room.
   */
  addContent(oid: Oid, data: Uint8Array): Promise<void> {
    return this.#tracked(async () => {
      if (data.length > SMALL) return await this.#addLarge(oid, [data], data.length);
      verifyBlob(oid, data);
      if (!this.hasContent(oid, data.length)) await this.#segments.add(oid, data);
      this.#added(data.length);
    });
  }

  /**
   * As `addContent`, for contents of any size: larger ones go to the disk as they come. `size` where it is known. A chunk must not
   * change after it was given.
   */
  addContentStream(
    oid: Oid,
    chunks: AsyncIterable<Uint8Array>,
    size: number | undefined,
  ): Promise<void> {
    return this.#tracked(async () => {
      const gathered = await gather(chunks, size === undefined || size <= SMALL ? SMALL : 0);
      if (gathered.whole === undefined) return await this.#addLarge(oid, gathered.chunks, size);
      verifyBlob(oid, gathered.whole);
      if (!this.hasContent(oid, gathered.whole.length))
        await this.#segments.add(oid, gathered.whole);
      this.#added(gathered.whole.length);
    });
  }

  // ---- facts

  fact(key: string): Uint8Array | undefined {
    return this.facts.get(key);
  }

  putFact(key: string, value: Uint8Array): void {
    this.facts.put(key, value);
  }

  changeFact(key: string, change: (old: Uint8Array | undefined) => Uint8Array): Uint8Array {
    return this.facts.change(key, change);
  }

  // ---- the store itself

  /** When everything put until now is on disk. */
  async flushed(): Promise<void> {
    try {
      await this.#parts.queue.flushed();
    } catch (error) {
      throw withRoomError(this.directory, error);
    }
    await synced(this.#parts.root);
  }

  /** Cleans up and keeps to the quota; runs by itself now and then. Counts all that was put in before the call. */
  upkeep(): Promise<void> {
    // One that runs has perhaps counted already: another one behind it, for all who ask meanwhile.
    if (this.#upkeep !== undefined) {
      this.#nextUpkeep ??= this.#upkeep.catch(() => {}).then(() => this.upkeep());
      return this.#nextUpkeep;
    }
    this.#unchecked = 0;
    this.#nextUpkeep = undefined;
    this.#upkeep = upkeep(this.#parts, this.#quota).finally(() => (this.#upkeep = undefined));
    return this.#upkeep;
  }

  /** Bytes on disk, as the quota counts them. Looks at every file of the store. */
  async usedBytes(): Promise<number> {
    return await usedBytes(this.#parts);
  }

  /** Reads all that is stored and removes what is wrong, while the store is used. */
  async fsck(): Promise<FsckReport> {
    // What cannot be written now is not what is looked for.
    await this.flushed().catch(this.#onProblem);
    return await fsck(this.#parts, () => this.#closed !== undefined);
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #close(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.allSettled(this.#adding);
    await (this.#nextUpkeep ?? this.#upkeep)?.catch(this.#onProblem);
    await this.#parts.open.noteUse();
    await this.#segments.close();
    await this.#files.close();
    await closeParts(this.#parts);
  }

  async #addLarge(
    oid: Oid,
    chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
    size: number | undefined,
  ): Promise<void> {
    const length = await this.#files.add(oid, chunks, size);
    this.putSizes([[oid, length]]);
    this.#added(length);
  }

  async #tracked(add: () => Promise<void>): Promise<void> {
    if (this.#closed) throw closedStore();
    const adding = this.#roomMade()
      .then(add)
      .catch((error: unknown) => {
        if (error instanceof SourceError && error.kind === 'broken') this.counters.refused += 1;
        throw withRoomError(this.directory, error);
      });
    this.#adding.add(adding);
    try {
      await adding;
    } finally {
      this.#adding.delete(adding);
    }
  }

  #added(bytes: number): void {
    this.counters.added += 1;
    this.counters.addedBytes += bytes;
  }

  /** A round begins when this much was written since the last one began. */
  #written(bytes: number): void {
    this.#unchecked += bytes;
    if (this.#quota !== undefined && this.#unchecked > this.#quota / 16 && !this.#upkeep)
      if (!this.#closed) void this.upkeep().catch(this.#onProblem);
  }

  /** Who writes faster than what was used longest ago can go waits for that. */
  async #roomMade(): Promise<void> {
    if (this.#quota !== undefined && this.#unchecked > this.#quota / 8 && !this.#closed)
      await this.upkeep().catch(this.#onProblem);
  }
}

const EMPTY: TreeRow = { body: Buffer.alloc(0), verified: true, modesKnown: true };

function now(body: Buffer): TreeIndex {
  return new TreeIndex(body);
}

function storedTree({ verified, modesKnown, sizes }: TreeRow, tree: TreeIndex): StoredTree {
  const { dropped } = tree;
  return { verified, modesKnown, tree, entries: tree, dropped, ...(sizes && { sizes }) };
}
