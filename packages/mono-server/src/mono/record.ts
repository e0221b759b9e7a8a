import type { Commit } from '../git/commit-object.js';

const MAX = 300_000;

/**
 * Which commit first brought an object in, for `/tree/commit-info` (mega-server §1.6). Kept in memory only and bounded:
 * the route may answer nothing for what is not recorded, and is documented as unreliable.
 */
export class ArrivalRecord {
  readonly #arrivals = new Map<string, Commit>();

  add(oids: Iterable<string>, commit: Commit): void {
    for (const oid of oids)
      if (this.#arrivals.size < MAX && !this.#arrivals.has(oid)) this.#arrivals.set(oid, commit);
  }

  get(oid: string): Commit | undefined {
    return this.#arrivals.get(oid);
  }
}
