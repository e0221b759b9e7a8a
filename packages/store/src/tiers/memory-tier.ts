import type { Oid } from '@scorpiofs/objects';
import { LRUCache } from 'lru-cache';
import type { Tier } from './tier.js';

/** The contents used last, within a number of bytes (fs: D-28). */
export class MemoryTier implements Tier {
  readonly name = 'memory';
  readonly verifies = true;
  readonly #cache: LRUCache<Oid, Uint8Array>;

  constructor(bytes: number) {
    this.#cache = new LRUCache({
      maxSize: bytes,
      // An entry costs something beside its bytes, and an empty one is counted too.
      sizeCalculation: (data) => data.length + 200,
    });
  }

  /** Bytes held, with 200 for each content. */
  get bytes(): number {
    return this.#cache.calculatedSize;
  }

  has(oid: Oid): boolean {
    return this.#cache.has(oid);
  }

  get(oid: Oid): Uint8Array | undefined {
    return this.#cache.get(oid);
  }

  /** Larger ones than the whole are not kept. */
  put(oid: Oid, data: Uint8Array): void {
    this.#cache.set(oid, data);
  }
}
