import {
  EMPTY_BLOB,
  SizesError,
  SourceError,
  type Oid,
  type Source,
  type SourceCapabilities,
} from '@scorpiofs/objects';
import type { BaseStore } from './base-store.js';
import { asFsError } from './failure.js';
import { Flight } from './flight.js';
import { manyListeners } from './many-listeners.js';
import { UNKNOWN, type Listing } from './trees/listing.js';

/** From so many listings in a row on, those that come next are taken to be wanted with their sizes. */
const WALK = 2;
/** A walk comes to the files of a directory after those of the directories below it, so it may list some before it wants a size. */
const NAMES_ONLY = 16;

/**
 * Sizes of files, asked for when a program wants one: then for all its siblings at once. A source that takes a request
 * for each gets the first one alone; a second one in the same directory says that the others will be wanted too.
 */
export class Sizes {
  readonly #flights = new Map<Oid, Flight<number>>();
  readonly #asked = new WeakSet<Listing>();
  readonly #closing = manyListeners();
  /** Listings in a row of which sizes were wanted. */
  #walk = 0;
  /** Listings since one of which a size was wanted. */
  #unasked = 0;

  constructor(
    readonly store: BaseStore,
    readonly source: Source,
    readonly capabilities: () => SourceCapabilities | undefined,
  ) {}

  /** In this turn, or undefined. */
  known(listing: Listing, index: number): number | undefined {
    const size = listing.sizes[index] ?? UNKNOWN;
    if (size !== UNKNOWN) return size;
    const oid = listing.oid(index);
    const found = oid === EMPTY_BLOB ? 0 : this.store.size(oid);
    if (found !== undefined) listing.sizes[index] = found;
    return found;
  }

  /** Fills in what the store knows: one pass when a listing is loaded. Those of a large one are looked up when they are wanted. */
  fill(listing: Listing): void {
    if (listing.isLarge) return;
    for (let i = 0; i < listing.length; i++) if (!listing.isDirectory(i)) this.known(listing, i);
  }

  async ask(listing: Listing, index: number, signal?: AbortSignal): Promise<number> {
    const oid = listing.oid(index);
    const first = !this.#asked.has(listing);
    const together = !first || this.#walk >= WALK || this.capabilities()?.blobBatches === true;
    if (first) {
      this.#asked.add(listing);
      this.#walk += 1;
      this.#unasked = 0;
    }
    const flight =
      this.#flights.get(oid) ?? this.#start(together ? this.#unknown(listing, oid) : [oid], oid);
    const size = await flight.wait(signal);
    listing.sizes[index] = size;
    return size;
  }

  /** A listing that was brought ahead in a walk: if the walk wants sizes, they are wanted here too. */
  ahead(listing: Listing): void {
    if (this.#walk < WALK || this.#asked.has(listing)) return;
    const missing = this.#unknown(listing, undefined);
    if (missing.length === 0) return;
    this.#asked.add(listing);
    this.#run(missing);
  }

  /** A directory is listed. After many of which no size was wanted, the walk is about names. */
  listed(): void {
    this.#unasked += 1;
    if (this.#unasked > NAMES_ONLY) this.#walk = 0;
  }

  close(): void {
    this.#closing.abort(new SourceError('cancelled', 'the file system is closed'));
  }

  #unknown(listing: Listing, first: Oid | undefined): Oid[] {
    const oids = new Set<Oid>(first === undefined ? [] : [first]);
    for (let i = 0; i < listing.length; i++) {
      if (listing.isDirectory(i) || this.known(listing, i) !== undefined) continue;
      const oid = listing.oid(i);
      if (!this.#flights.has(oid)) oids.add(oid);
    }
    return [...oids];
  }

  #start(oids: readonly Oid[], wanted: Oid): Flight<number> {
    const flight = new Flight<number>();
    this.#flights.set(wanted, flight);
    this.#run(oids);
    return flight;
  }

  #run(oids: readonly Oid[]): void {
    const mine = new Map<Oid, Flight<number>>();
    for (const oid of oids) {
      const flight = this.#flights.get(oid) ?? new Flight<number>();
      this.#flights.set(oid, flight);
      mine.set(oid, flight);
    }
    const settle = (sizes: ReadonlyMap<Oid, number>, failure: (oid: Oid) => unknown): void => {
      this.store.putSizes(sizes);
      for (const [oid, flight] of mine) {
        this.#flights.delete(oid);
        const size = sizes.get(oid);
        if (size === undefined) flight.fail(asFsError(failure(oid), `size of ${oid}`));
        else flight.land(size);
      }
    };
    this.source.sizes(oids, { signal: this.#closing.signal }).then(
      (sizes) => settle(sizes, missing),
      (error: unknown) => {
        const known = error instanceof SizesError ? error.sizes : new Map<Oid, number>();
        settle(known, (oid) =>
          error instanceof SizesError ? (error.failures.get(oid) ?? missing(oid)) : error,
        );
      },
    );
  }
}

function missing(oid: Oid): SourceError {
  return new SourceError('missing', `the source has no ${oid}`);
}
