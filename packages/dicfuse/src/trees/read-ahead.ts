import type { SourceCapabilities, TreeWant } from '@scorpiofs/objects';
import type { Listing } from './listing.js';
import { Frontier } from './frontier.js';
import { childPath } from '../directory.js';
import type { AskPlan, AskWatch, Trees } from './trees.js';

const FIRST_LEVELS = 4;
const MOST_LEVELS = 64;
const FIRST_BUDGET = 2_048;
const MOST_BUDGET = 16_384;
/** Directories asked for in one question of several levels. */
const WANTS = 512;
/** Questions that a plain server gets at a time. */
const MOST_IN_FLIGHT = 32;
/** Directories listed one after the other before that counts as a walk. */
const WALK = 2;
/** A walk that pauses for longer than this (milliseconds) has to show itself again. */
const PAUSE = 2_000;

/**
 * Decides which directories to ask for before they are needed. A single access brings what the source gives in the same
 * answer, up to a budget. Only a program that goes on from directory to directory, and uses what was brought, gets more: the
 * budget (or, from a source without levels, the number in flight) grows with what it has used.
 */
export class TreeAhead implements AskWatch {
  readonly #frontier = new Frontier();
  #levels = FIRST_LEVELS;
  #budget = FIRST_BUDGET;
  #window = 0;
  #walking = 0;
  #last: TreeWant | undefined;
  #lastAt = 0;
  /** Listings brought ahead by the latest questions, and how many of them were looked at since. */
  #brought = 0;
  #used = 0;
  #running = 0;

  constructor(
    readonly trees: Trees,
    /** Undefined until the source has told. */
    readonly capabilities: () => SourceCapabilities | undefined,
    /** Told of every listing that was brought ahead for a walk. */
    readonly brought: (listing: Listing) => void = () => undefined,
    readonly now: () => number = Date.now,
  ) {}

  arrived(want: TreeWant, listing: Listing, leaf: boolean): void {
    this.#frontier.delete(want);
    this.#brought += 1;
    if (this.#walking > WALK) this.brought(listing);
    if (!leaf) return;
    for (let i = 0; i < listing.length; i++)
      if (listing.kind(i) === 'directory')
        this.#frontier.add({
          revision: want.revision,
          path: childPath(want.path, listing.name(i)),
          oid: listing.oid(i),
        });
  }

  left(want: TreeWant): void {
    this.#frontier.add(want);
  }

  /** A directory that must be waited for. */
  planFor(want: TreeWant, listing: boolean): AskPlan {
    this.#frontier.delete(want);
    const below = this.#last !== undefined && want.path.startsWith(`${this.#last.path}/`);
    const walk = this.#notice(want, listing);
    if (!this.#several) {
      if (walk) this.#window = Math.min(MOST_IN_FLIGHT, Math.max(2, this.#window * 2));
      else this.#window = 0;
      return { levels: 1, budget: Infinity, also: this.#next(want, this.#window) };
    }
    // The way down to one file: what comes next lies below, so ask deeper each time.
    if (below) this.#levels = Math.min(MOST_LEVELS, this.#levels * 2);
    if (walk && this.#used * 2 >= this.#brought) return this.#larger(want);
    this.#startCount();
    return { levels: this.#levels, budget: this.#budget, also: [] };
  }

  /** A directory that was brought ahead is looked at for the first time. `late`: it was still on its way. */
  hit(want: TreeWant, listing: boolean, late: boolean): void {
    this.#used += 1;
    if (!this.#notice(want, listing)) return;
    if (!this.#several) {
      if (late) this.#window = Math.min(MOST_IN_FLIGHT, Math.max(2, this.#window * 2));
      const room = this.#window - this.trees.inFlight;
      // One question each: they come back, and are followed by others, independently.
      for (const next of room > 0 ? this.#next(want, room) : [])
        void this.trees.ask([next], { levels: 1, budget: Infinity, also: [] }, this);
      return;
    }
    if (this.#running > 0 || this.#used * 2 < this.#brought || this.#frontier.size === 0) return;
    const plan = this.#larger(want);
    const [first, ...also] = plan.also;
    if (first === undefined) return;
    this.#running += 1;
    void this.trees.ask([first], { ...plan, also }, this).finally(() => (this.#running -= 1));
  }

  reset(): void {
    this.#frontier.clear();
    this.#walking = 0;
    this.#last = undefined;
  }

  get #several(): boolean {
    return this.capabilities()?.treeLevels === true;
  }

  #larger(want: TreeWant): AskPlan {
    this.#budget = Math.min(MOST_BUDGET, this.#budget * 4);
    this.#startCount();
    const also = this.#next(want, WANTS - 1);
    return { levels: MOST_LEVELS, budget: this.#budget, also };
  }

  #startCount(): void {
    this.#brought = 0;
    this.#used = 0;
  }

  #notice(want: TreeWant, listing: boolean): boolean {
    const now = this.now();
    if (now - this.#lastAt > PAUSE) this.#pause();
    this.#lastAt = now;
    this.#last = want;
    if (listing) this.#walking += 1;
    return this.#walking > WALK;
  }

  #pause(): void {
    this.#walking = 0;
    this.#window = 0;
    this.#levels = FIRST_LEVELS;
    this.#budget = FIRST_BUDGET;
  }

  #next(want: TreeWant, count: number): TreeWant[] {
    if (count === 0) return [];
    return this.#frontier
      .take(want, count)
      .filter((next) => !this.trees.coming(next) && !this.trees.has(next));
  }
}
