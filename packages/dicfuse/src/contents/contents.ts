import { SourceError, type Oid, type Source } from '@scorpiofs/objects';
import type { BaseStore } from '../base-store.js';
import { Flight } from '../flight.js';
import { manyListeners } from '../many-listeners.js';

/** Up to here a content travels with others and is checked in memory; larger ones go straight to disk. */
export const BATCHED = 1024 * 1024;

interface Download {
  readonly flight: Flight<void>;
  /** As it is shown. */
  readonly size: number | undefined;
  readonly abort: AbortController | undefined;
}

export interface WantedContent {
  readonly oid: Oid;
  /** Bytes; undefined where not known. */
  readonly size: number | undefined;
}

/** Brings contents into the store, each once, whoever else wants it waits. Nothing is served that is not checked (D3). */
export class Contents {
  readonly #downloads = new Map<Oid, Download>();
  readonly #truth = new Map<Oid, number>();
  readonly #closing = manyListeners();

  constructor(
    readonly store: BaseStore,
    readonly source: Source,
  ) {}

  get inFlight(): number {
    return this.#downloads.size;
  }

  /** Length of a content that came and was another than the source had told. */
  trueSize(oid: Oid): number | undefined {
    return this.#truth.size === 0 ? undefined : this.#truth.get(oid);
  }

  coming(oid: Oid): boolean {
    return this.#downloads.has(oid);
  }

  /** Resolves when the content is in the store. `also` comes in the same request. Aborting leaves the wait (EINTR). */
  async get(
    wanted: WantedContent,
    also: readonly WantedContent[] = [],
    signal?: AbortSignal,
  ): Promise<void> {
    if (!this.#downloads.has(wanted.oid)) this.bring([wanted, ...also]);
    else if (also.length > 0) this.bring(also);
    const download = this.#downloads.get(wanted.oid);
    if (download === undefined) throw closed();
    try {
      await download.flight.wait(signal);
    } finally {
      // A large download that nobody waits for any more is given up.
      if (signal?.aborted === true && download.flight.waiters === 0)
        download.abort?.abort(new SourceError('cancelled', 'nobody waits for it'));
    }
  }

  /** Starts downloads and returns. */
  bring(wanted: readonly WantedContent[]): void {
    if (this.#closing.signal.aborted) return;
    const batch = new Map<Oid, Download>();
    for (const { oid, size } of wanted) {
      if (this.#downloads.has(oid)) continue;
      const large = size === undefined || size > BATCHED;
      const abort = large ? new AbortController() : undefined;
      const download = { flight: new Flight<void>(), abort, size };
      this.#downloads.set(oid, download);
      if (abort === undefined) batch.set(oid, download);
      else void this.#stream(oid, download, abort.signal);
    }
    if (batch.size > 0) void this.#batch(batch);
  }

  close(): void {
    this.#closing.abort(closed());
  }

  async #stream(oid: Oid, download: Download, abort: AbortSignal): Promise<void> {
    const signal = AbortSignal.any([abort, this.#closing.signal]);
    try {
      const stream = await this.source.blob(oid, { signal });
      let length = 0;
      const counted = async function* (): AsyncGenerator<Uint8Array> {
        for await (const chunk of stream) {
          length += chunk.length;
          yield chunk;
        }
      };
      await this.store.addContentStream(oid, counted(), stream.size);
      this.#check(oid, download, length);
      this.#landed(oid, download);
    } catch (error) {
      this.#failed(oid, download, error);
    }
  }

  async #batch(batch: Map<Oid, Download>): Promise<void> {
    const { signal } = this.#closing;
    const kept: Promise<void>[] = [];
    let failure: unknown = new SourceError('broken', 'the source left out a content');
    try {
      for await (const part of this.source.blobs([...batch.keys()], { signal })) {
        const download = batch.get(part.oid);
        if (download === undefined) continue;
        batch.delete(part.oid);
        if ('error' in part) this.#failed(part.oid, download, part.error);
        else kept.push(this.#add(part.oid, part.data, download));
      }
    } catch (error) {
      failure = error;
    }
    // What others did not wait for is not worth a second question; what a program waits for is asked for by itself.
    for (const [oid, download] of batch) {
      if (download.flight.waiters > 0 && batch.size > 1 && !signal.aborted)
        void this.#stream(oid, download, signal);
      else this.#failed(oid, download, failure);
    }
    await Promise.all(kept);
  }

  async #add(oid: Oid, data: Uint8Array, download: Download): Promise<void> {
    try {
      await this.store.addContent(oid, data);
      this.store.putSizes([[oid, data.length]]);
      this.#check(oid, download, data.length);
      this.#landed(oid, download);
    } catch (error) {
      this.#failed(oid, download, error);
    }
  }

  #check(oid: Oid, { size }: Download, length: number): void {
    if (size !== undefined && size !== length) this.#truth.set(oid, length);
  }

  #landed(oid: Oid, download: Download): void {
    this.#downloads.delete(oid);
    download.flight.land();
  }

  #failed(oid: Oid, download: Download, error: unknown): void {
    this.#downloads.delete(oid);
    download.flight.fail(error);
  }
}

function closed(): SourceError {
  return new SourceError('cancelled', 'the file system is closed');
}
