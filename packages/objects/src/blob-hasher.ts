import { createHash, type Hash } from 'node:crypto';
import type { Oid } from './oid.js';

/**
 * The git id of a blob that arrives in chunks. Git puts the length first, so it must be known from the start; one whose
 * length is not told is written down first and hashed then. `digest` is `undefined` when another number of bytes came.
 */
export class BlobHasher {
  readonly #hash: Hash;
  #left: number;

  /** `size` in bytes. */
  constructor(size: number) {
    this.#left = size;
    this.#hash = createHash('sha1').update(`blob ${size}\0`);
  }

  update(chunk: Uint8Array): this {
    this.#left -= chunk.length;
    this.#hash.update(chunk);
    return this;
  }

  /** Bytes still to come; negative when more came than were announced. */
  get left(): number {
    return this.#left;
  }

  /** Can be called once. */
  digest(): Oid | undefined {
    const hex = this.#hash.digest('hex') as Oid;
    return this.#left === 0 ? hex : undefined;
  }
}
