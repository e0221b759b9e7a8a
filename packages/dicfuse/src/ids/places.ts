import { randomInt } from 'node:crypto';
import type { Oid } from '@scorpiofs/objects';
import type { BaseStore } from '../base-store.js';
import { Listing } from '../trees/listing.js';
import { placeAt, runSize, runStarts, timeAt, type Block, type Kept } from './block.js';
import { decodeBlock, encodeBlock } from './block-row.js';
import { numberRow, PlaceCounter, readNumber } from './place-counter.js';

/** A listing with the numbers of its entries. */
export interface PlacedTree {
  /** The directory whose listing this is. */
  readonly place: number;
  /** Under which the store knows the listing. */
  readonly key: Oid;
  readonly listing: Listing;
  readonly block: Block;
}

/** Where a number was given out. */
export interface Origin {
  readonly place: number;
  readonly key: Oid;
  readonly index: number;
}

const LARGEST_RUN = 2 ** 30;

/**
 * Gives every entry of every directory a number that is its own for ever (see `node-id.ts`), and finds the entry again by its
 * number after a restart. Costs two small rows for a directory, none for a file. A row becomes durable a moment after its
 * numbers were used: what a crash then loses is that they are found again (ESTALE), never that they are used twice.
 */
export class Places {
  /** Tells handles of this table from those of one that was deleted. */
  readonly generation: number;
  readonly #counter: PlaceCounter;
  /** Loaded trees by the start of their run. */
  readonly #byStart = new Map<number, PlacedTree>();
  /** Numbers that loaded trees have kept from an earlier one. */
  readonly #byKept = new Map<number, PlacedTree>();
  #largest = 8;

  constructor(
    readonly store: BaseStore,
    /** Facts of another mount are under another one. */
    readonly prefix: string,
    readonly now: () => number = Date.now,
  ) {
    this.#counter = new PlaceCounter(store, `${prefix}next`);
    const row = store.changeFact(
      `${prefix}generation`,
      (old) => old ?? numberRow(randomInt(1, 2 ** 31)),
    );
    this.generation = readNumber(row);
  }

  /**
   * `before`: the listing that the same directory had until now. With `fresh`, what differs from it gets new numbers and the
   * present time even if this listing has been here before: to a program, going back is a change too.
   */
  placed(
    place: number,
    key: Oid,
    listing: Listing,
    before?: PlacedTree,
    fresh = false,
  ): PlacedTree {
    const latest = this.#latestRow(place);
    const known = fresh ? undefined : this.#stored(latest, place, key, listing.length);
    if (known !== undefined) {
      const loaded = this.#byStart.get(known.start);
      return loaded?.place === place && loaded.key === key
        ? loaded
        : this.#load({ place, key, listing, block: known });
    }
    const block = this.#newBlock(listing, before ?? this.#latest(latest, place));
    // In this order: a crash in between must not take the numbers that the directory had before.
    if (latest !== undefined && latest.key !== key && latest.block.length > 0)
      this.store.putFact(this.#treeKey(place, latest.key), latest.block);
    const row = encodeBlock(block);
    if (block.kept !== undefined) this.store.putFact(this.#treeKey(place, key), row);
    this.store.putFact(`${this.prefix}b${block.start}`, originRow(place, listing.length, key));
    this.store.putFact(
      `${this.prefix}l${place}`,
      latestRow(key, block.kept === undefined ? row : NOTHING),
    );
    return this.#load({ place, key, listing, block });
  }

  unload(tree: PlacedTree): void {
    if (this.#byStart.get(tree.block.start) === tree) this.#byStart.delete(tree.block.start);
    for (const place of tree.block.kept?.places ?? [])
      if (place !== 0 && this.#byKept.get(place) === tree) this.#byKept.delete(place);
  }

  /** Among what is loaded. */
  find(place: number): { readonly tree: PlacedTree; readonly index: number } | undefined {
    for (const start of runStarts(place, this.#largest)) {
      const tree = this.#byStart.get(start);
      const index = place - start;
      if (tree && index < tree.block.count && placeAt(tree.block, index) === place)
        return { tree, index };
    }
    const tree = this.#byKept.get(place);
    const index = tree?.block.kept?.places.indexOf(place) ?? -1;
    return tree && index >= 0 ? { tree, index } : undefined;
  }

  /** Among all that was ever given out. */
  origin(place: number): Origin | undefined {
    for (const start of runStarts(place, LARGEST_RUN)) {
      const row = this.store.fact(`${this.prefix}b${start}`);
      if (row === undefined) continue;
      const origin = readOrigin(row);
      const index = place - start;
      if (index < origin.count) return { place: origin.place, key: origin.key, index };
    }
    return undefined;
  }

  #load(tree: PlacedTree): PlacedTree {
    this.#byStart.set(tree.block.start, tree);
    for (const place of tree.block.kept?.places ?? [])
      if (place !== 0) this.#byKept.set(place, tree);
    this.#largest = Math.max(this.#largest, runSize(tree.block.count));
    return tree;
  }

  #treeKey(place: number, key: Oid): string {
    return `${this.prefix}t${place}/${key}`;
  }

  #latestRow(place: number): Latest | undefined {
    const row = this.store.fact(`${this.prefix}l${place}`);
    return row && readLatest(row);
  }

  /** A directory that has no latest listing never had one. */
  #stored(latest: Latest | undefined, place: number, key: Oid, count: number): Block | undefined {
    if (latest === undefined) return undefined;
    const inline = latest.key === key && latest.block.length > 0;
    const row = inline ? latest.block : this.store.fact(this.#treeKey(place, key));
    const block = row && decodeBlock(row);
    // Another count: the stored listing was replaced by one that leaves out other entries. New numbers are always right.
    return block?.count === count ? block : undefined;
  }

  /** What the directory looked like when it was last seen, as far as that is still stored. */
  #latest(latest: Latest | undefined, place: number): PlacedTree | undefined {
    if (latest === undefined) return undefined;
    const { key } = latest;
    const stored = this.store.tree(key);
    if (stored === undefined) return undefined;
    const listing = new Listing(stored.tree);
    const block = this.#stored(latest, place, key, listing.length);
    return block && { place, key, listing, block };
  }

  #newBlock(listing: Listing, before: PlacedTree | undefined): Block {
    const count = listing.length;
    const start = this.#counter.take(count);
    const kept = before && keep(listing, before);
    const time = Math.max(this.now(), before === undefined ? 0 : before.block.time + 1);
    return { start, count, time, kept };
  }
}

/**
 * Entries that are the same keep number and time. A directory with another content keeps its number, so that programs that
 * stand in it stay there; a file with another content does not, so that readers of the old one go on reading it.
 */
function keep(listing: Listing, before: PlacedTree): Kept | undefined {
  const places = new Float64Array(listing.length);
  const times = new Float64Array(listing.length);
  let any = false;
  for (let i = 0; i < listing.length; i++) {
    const at = before.listing.indexOf(listing.name(i));
    if (at < 0) continue;
    const same = listing.sameEntry(i, before.listing, at);
    const directories = listing.kind(i) === 'directory' && before.listing.kind(at) === 'directory';
    if (!same && !directories) continue;
    any = true;
    places[i] = placeAt(before.block, at);
    if (same) times[i] = timeAt(before.block, at);
  }
  return any ? { places, times } : undefined;
}

/** The key of a directory's latest listing, and its block where that is small (it has nothing kept); else that is a row of its own. */
interface Latest {
  readonly key: Oid;
  readonly block: Uint8Array;
}

const NOTHING = new Uint8Array();
const KEY = 20;

function latestRow(key: Oid, block: Uint8Array): Uint8Array {
  const row = Buffer.allocUnsafe(KEY + block.length);
  row.write(key, 0, KEY, 'hex');
  row.set(block, KEY);
  return row;
}

function readLatest(bytes: Uint8Array): Latest {
  const row = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return { key: row.toString('hex', 0, KEY) as Oid, block: row.subarray(KEY) };
}

function originRow(place: number, count: number, key: Oid): Uint8Array {
  const row = Buffer.allocUnsafe(30);
  row.writeUIntBE(place, 0, 6);
  row.writeUInt32BE(count, 6);
  row.write(key, 10, 20, 'hex');
  return row;
}

function readOrigin(bytes: Uint8Array): { place: number; count: number; key: Oid } {
  const row = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    place: row.readUIntBE(0, 6),
    count: row.readUInt32BE(6),
    key: row.toString('hex', 10, 30) as Oid,
  };
}
