import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Maybe } from '@scorpiofs/fuse';
import {
  EMPTY_TREE,
  eachInTurns,
  SourceError,
  TreesError,
  type DroppedEntry,
  type Oid,
  type RepoPath,
  type Source,
  type TreeAnswer,
  type TreeWant,
} from '@scorpiofs/objects';
import type { BaseStore, StoredTree } from '../base-store.js';
import { childPath } from '../directory.js';
import { Flight } from '../flight.js';
import { manyListeners } from '../many-listeners.js';
import { Listing } from './listing.js';
import { unverifiedKey } from './tree-key.js';
import { shown } from './usable.js';

/** A listing and the key under which the store has it. */
export interface LocalTree {
  readonly key: Oid;
  /** What the parent states; for a top whose id was not known, what the source says. */
  readonly oid: Oid;
  readonly listing: Listing;
}

/** `ahead`: it was brought along by a question for another one, and is looked at for the first time. */
type Local = LocalTree & { readonly ahead: boolean };

/** How much to bring along with a directory that is asked for. */
export interface AskPlan {
  readonly levels: number;
  /** Stop the answer after so many entries. */
  readonly budget: number;
  /** Asked for in the same breath. */
  readonly also: readonly TreeWant[];
}

/** What became of one question, for the one who decides how much to ask for next. */
export interface AskWatch {
  /** Undefined as `from`: it was asked for itself. */
  arrived(want: TreeWant, listing: Listing, leaf: boolean): void;
  /** Known by name, announced, but not sent. */
  left(want: TreeWant): void;
}

/** Hears of names in a listing that no directory can show. */
export type DroppedListener = (path: RepoPath, dropped: readonly DroppedEntry[]) => void;

type Outcome = LocalTree | 'not sent';

interface Announced {
  /** Of `want`; kept, since making and hashing it anew for every table costs more than looking there. */
  readonly key: string;
  readonly want: TreeWant;
  readonly flight: Flight<Outcome>;
  readonly level: number;
  readonly direct: boolean;
}

/**
 * Listings taken from an answer in one turn of the event loop (about half a millisecond): a walk that it is meant for asks on meanwhile,
 * and so the program and this one work at the same time.
 */
const ARRIVALS = 16;
/** Entries of listings that arrived ahead of their use and are kept parsed. */
const FRESH_ENTRIES = 50_000;

/** Listings from the store, else from the source: each directory is asked for once, whoever else wants it waits. */
export class Trees {
  readonly #announced = new Map<string, Announced>();
  /** Arrived and not yet looked at. */
  readonly #fresh = new Map<string, LocalTree>();
  #freshEntries = 0;
  readonly #reading = new Map<string, Promise<Local | undefined>>();
  readonly #closing = manyListeners();

  constructor(
    readonly store: BaseStore,
    readonly source: Source,
    readonly onDropped?: DroppedListener,
  ) {}

  /** From here, or undefined. `ahead`: it was brought along by a question for another one, and is looked at for the first time. */
  local(want: TreeWant): Local | undefined {
    const { oid, path } = want;
    const key = wantKey(want);
    const fresh = this.#fresh.get(key);
    if (fresh !== undefined) {
      this.#fresh.delete(key);
      this.#freshEntries -= fresh.listing.length;
      return { ...fresh, ahead: true };
    }
    if (oid === undefined) return undefined;
    if (oid === EMPTY_TREE) return { key: oid, oid, listing: Listing.of([]), ahead: false };
    const verified = this.store.tree(oid);
    if (verified !== undefined) return this.#read(oid, oid, verified);
    const other = unverifiedKey(oid, path);
    const unverified = this.store.tree(other);
    return unverified && this.#read(other, oid, unverified);
  }

  /** As `local`; a large listing of the store is read in several turns of the event loop, once for all who want it. */
  localSoon(want: TreeWant): Maybe<Local | undefined> {
    const { oid } = want;
    if (oid === undefined || oid === EMPTY_TREE || this.#fresh.has(wantKey(want)))
      return this.local(want);
    const reading = this.#reading.get(wantKey(want));
    if (reading !== undefined) return reading;
    const verified = this.store.treeSoon(oid);
    if (verified instanceof Promise) return this.#soon(want, oid, oid, verified);
    if (verified !== undefined) return this.#read(oid, oid, verified);
    const key = unverifiedKey(oid, want.path);
    const unverified = this.store.treeSoon(key);
    if (unverified instanceof Promise) return this.#soon(want, key, oid, unverified);
    return unverified && this.#read(key, oid, unverified);
  }

  /** As `local`, without counting as a look. */
  peek(want: TreeWant): Listing | undefined {
    const fresh = this.#fresh.get(wantKey(want));
    return fresh?.listing ?? this.local(want)?.listing;
  }

  has(want: TreeWant): boolean {
    return (
      want.oid !== undefined &&
      (this.#fresh.has(wantKey(want)) ||
        this.store.hasTree(want.oid) ||
        this.store.hasTree(unverifiedKey(want.oid, want.path)))
    );
  }

  /** Being asked for, by itself or announced by the answer to another question. */
  coming(want: TreeWant): boolean {
    return this.#announced.has(wantKey(want));
  }

  get inFlight(): number {
    return this.#announced.size;
  }

  /** Asks the source; or waits, where it has been asked. */
  async get(
    want: TreeWant,
    plan: () => AskPlan,
    watch: AskWatch,
    signal?: AbortSignal,
  ): Promise<LocalTree> {
    for (;;) {
      let one = this.#announced.get(wantKey(want));
      if (one === undefined) {
        void this.ask([want], plan(), watch);
        one = this.#announced.get(wantKey(want));
      }
      if (one === undefined) throw new SourceError('cancelled', 'the file system is closed');
      const outcome = await one.flight.wait(signal);
      if (outcome !== 'not sent') {
        const fresh = this.#fresh.get(wantKey(want));
        if (fresh === outcome) this.local(want);
        return outcome;
      }
    }
  }

  /** Asks without waiting. Resolves, never rejects, when the answer has ended. */
  ask(wants: readonly TreeWant[], plan: AskPlan, watch: AskWatch): Promise<void> {
    if (this.#closing.signal.aborted) return Promise.resolve();
    const mine = new Map<string, Announced>();
    for (const want of [...wants, ...plan.also]) this.#announce(want, 0, true, mine);
    if (mine.size === 0) return Promise.resolve();
    return this.#run(mine, plan, watch);
  }

  close(): void {
    this.#closing.abort(new SourceError('cancelled', 'the file system is closed'));
  }

  #announce(want: TreeWant, level: number, direct: boolean, mine: Map<string, Announced>): void {
    const key = wantKey(want);
    if (this.#announced.has(key) || (!direct && this.#fresh.has(key))) return;
    const one = { key, want, flight: new Flight<Outcome>(), level, direct };
    this.#announced.set(key, one);
    mine.set(key, one);
  }

  /** Some thousand entries in a turn of the event loop (D13). */
  #announceBelow(
    { want: { revision, path }, level }: Announced,
    listing: Listing,
    mine: Map<string, Announced>,
  ): Maybe<void> {
    const announce = (i: number): void => {
      if (listing.kind(i) !== 'directory') return;
      const oid = listing.oid(i);
      if (oid === EMPTY_TREE) return;
      const below = { revision, path: childPath(path, listing.name(i)), oid };
      this.#announce(below, level + 1, false, mine);
    };
    if (listing.isLarge) return eachInTurns(listing.length, announce);
    for (let i = 0; i < listing.length; i++) announce(i);
  }

  async #run(mine: Map<string, Announced>, plan: AskPlan, watch: AskWatch): Promise<void> {
    const wants = [...mine.values()].map(({ want }) => want);
    const byPath = new Map(wants.map((want) => [want.path, want]));
    let [direct, entries, arrived] = [wants.length, 0, 0];
    let failure: unknown;
    const options = { signal: this.#closing.signal, levels: plan.levels };
    try {
      for await (const answer of this.source.trees(wants, options)) {
        const one = take(mine, byPath, answer);
        if (one === undefined) continue;
        const { want } = one;
        if (one.direct) direct -= 1;
        if (isImpossible(answer)) {
          this.#announced.delete(one.key);
          one.flight.fail(new SourceError('broken', `${want.path} is listed as empty: it is not`));
          continue;
        }
        const local = this.#keep(answer, one);
        entries += local.listing.length;
        const leaf = one.level + 1 >= plan.levels;
        if (!leaf) await this.#announceBelow(one, local.listing, mine);
        this.#announced.delete(one.key);
        one.flight.land(local);
        watch.arrived(want, local.listing, leaf);
        if (++arrived % ARRIVALS === 0) await nextTurn();
        if (entries >= plan.budget && direct === 0) break;
      }
      failure = new SourceError('broken', 'the source left out a directory that was asked for');
    } catch (error) {
      failure = error;
    }
    for (const [key, { want, flight, direct: asked }] of mine) {
      this.#announced.delete(key);
      if (asked) flight.fail(failureFor(want, failure));
      else {
        watch.left(want);
        flight.land('not sent');
      }
    }
  }

  #keep(answer: TreeAnswer, { key: wanted, want, flight, direct }: Announced): LocalTree {
    const { oid, verified, modesKnown } = answer;
    const { listing, hidden, asReceived } = shown(answer);
    if (hidden.length > 0) this.onDropped?.(want.path, hidden);
    const key = verified ? oid : unverifiedKey(oid, want.path);
    const exact = verified && asReceived;
    this.store.putPackedTree(key, listing, { verified, modesKnown, ...(exact && { exact }) });
    const local = { key, oid, listing };
    if (!direct || flight.waiters === 0) this.#keepFresh(wanted, local);
    return local;
  }

  #keepFresh(wanted: string, local: LocalTree): void {
    this.#fresh.set(wanted, local);
    this.#freshEntries += local.listing.length;
    for (const [key, old] of this.#fresh) {
      if (this.#freshEntries <= FRESH_ENTRIES) break;
      this.#fresh.delete(key);
      this.#freshEntries -= old.listing.length;
    }
  }

  #read(key: Oid, oid: Oid, { tree, sizes }: StoredTree): Local {
    return { key, oid, listing: new Listing(tree, sizes), ahead: false };
  }

  #soon(
    want: TreeWant,
    key: Oid,
    oid: Oid,
    stored: Promise<StoredTree | undefined>,
  ): Promise<Local | undefined> {
    const reading = stored
      .then((tree) => tree && this.#read(key, oid, tree))
      .finally(() => this.#reading.delete(wantKey(want)));
    this.#reading.set(wantKey(want), reading);
    return reading;
  }
}

function take(
  mine: Map<string, Announced>,
  wanted: ReadonlyMap<RepoPath, TreeWant>,
  answer: TreeAnswer,
): Announced | undefined {
  const { path, oid } = answer;
  const stated = mine.get(pathKey(path, oid));
  // Asked for by path alone, or the source knows it by another id.
  const want = stated === undefined ? wanted.get(path) : undefined;
  const one = stated ?? (want && mine.get(wantKey(want)));
  if (one !== undefined) mine.delete(one.key);
  return one;
}

/** fs: D-35, W-56. Nothing but the empty tree is empty; believed, it would hide what is there. */
function isImpossible(answer: TreeAnswer): boolean {
  const { packed, oid, verified } = answer;
  return !verified && oid !== EMPTY_TREE && (packed?.tree ?? answer.entries).length === 0;
}

function failureFor(want: TreeWant, failure: unknown): unknown {
  return failure instanceof TreesError ? (failure.failures.get(want.path) ?? failure) : failure;
}

function wantKey({ path, oid, revision }: TreeWant): string {
  return oid === undefined ? `${revision.commit} ${path}` : pathKey(path, oid);
}

function pathKey(path: RepoPath, oid: Oid): string {
  return `${oid}${path}`;
}
