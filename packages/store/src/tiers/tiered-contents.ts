import {
  SourceError,
  type BlobStream,
  type Oid,
  type RequestOptions,
  type Source,
} from '@scorpiofs/objects';
import { verifyBlob } from '../disk/verify.js';
import { Flights } from './flights.js';
import type { Tier } from './tier.js';

export interface TierCounters {
  hits: number;
  misses: number;
  /** Contents that were not what their id says. */
  refused: number;
  /** Calls that failed; the next tier was asked. */
  failures: number;
}

/** The tiers of a machine in the order in which they are asked, the source last (D12). */
export class TieredContents {
  readonly counters: ReadonlyMap<string, TierCounters>;
  readonly #flights = new Flights<Oid, Uint8Array>();

  constructor(
    readonly tiers: readonly Tier[],
    readonly source?: Pick<Source, 'blob'>,
  ) {
    this.counters = new Map(
      [...tiers.map((tier) => tier.name), 'source'].map((name) => [
        name,
        { hits: 0, misses: 0, refused: 0, failures: 0 },
      ]),
    );
  }

  /**
   * The whole content, from the first tier that has it; the tiers before that one get it too. Asked for by many at once it is
   * fetched once. Rejects with a `SourceError`: `missing` only when the source says so.
   */
  get(oid: Oid, { signal }: RequestOptions = {}): Promise<Uint8Array> {
    return this.#flights.join(oid, (inner) => this.#find(oid, inner), signal);
  }

  /** Whether one of the tiers has it; the source is not asked. */
  async has(oid: Oid, options?: RequestOptions): Promise<boolean> {
    for (const tier of this.tiers)
      if ((await this.#tried(tier.name, () => tier.has(oid, options))) === true) return true;
    return false;
  }

  async #find(oid: Oid, signal: AbortSignal): Promise<Uint8Array> {
    for (const [index, tier] of this.tiers.entries()) {
      const data = await this.#tried(tier.name, () => tier.get(oid, { signal }));
      signal.throwIfAborted();
      if (data === undefined || !this.#isRight(tier, oid, data)) {
        this.#count(tier.name, 'misses');
        continue;
      }
      this.#count(tier.name, 'hits');
      await this.#fill(oid, data, index);
      return data;
    }
    if (this.source === undefined) throw new SourceError('unreachable', `no tier has ${oid}`);
    const data = await collect(await this.source.blob(oid, { signal }));
    try {
      verifyBlob(oid, data);
    } catch (error) {
      this.#count('source', 'refused');
      throw error;
    }
    this.#count('source', 'hits');
    await this.#fill(oid, data, this.tiers.length);
    return data;
  }

  #isRight(tier: Tier, oid: Oid, data: Uint8Array): boolean {
    if (tier.verifies) return true;
    try {
      verifyBlob(oid, data);
      return true;
    } catch {
      this.#count(tier.name, 'refused');
      return false;
    }
  }

  /** A tier that cannot keep it (full, unreachable) does not keep the content from whoever asked. */
  async #fill(oid: Oid, data: Uint8Array, count: number): Promise<void> {
    const above = this.tiers.slice(0, count);
    await Promise.all(above.map((tier) => this.#tried(tier.name, () => tier.put(oid, data))));
  }

  async #tried<T>(name: string, call: () => T | Promise<T>): Promise<T | undefined> {
    try {
      return await call();
    } catch {
      this.#count(name, 'failures');
      return undefined;
    }
  }

  #count(name: string, what: keyof TierCounters): void {
    const counters = this.counters.get(name);
    if (counters) counters[what] += 1;
  }
}

async function collect(stream: BlobStream): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of stream) {
    chunks.push(chunk);
    length += chunk.length;
    if (stream.size !== undefined && length > stream.size)
      throw new SourceError('broken', 'more came than was announced');
  }
  return Buffer.concat(chunks);
}
