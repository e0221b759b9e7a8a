import type {
  BlobStream,
  Oid,
  RepoPath,
  RequestOptions,
  Revision,
  Source,
  SourceCapabilities,
  TreeAnswer,
  TreeWant,
} from '@scorpiofs/objects';
import { blobStream } from './blob.js';
import { blobs } from './blobs.js';
import type { MegaStats } from './counters.js';
import { Extension } from './extension.js';
import { Head } from './head.js';
import type { BlobPart } from './scorpio-blobs.js';
import { sizes } from './sizes.js';
import { trees } from './trees.js';
import { closeWire, openWire, type Wire, type WireOptions } from './wire.js';

export interface MegaClientOptions extends WireOptions {
  /** Where the server keeps import repositories (mega: 1.4, 4.4). Default `/third-party`. */
  readonly importDirectory?: RepoPath;
  /** Largest content that `blobs` holds in memory, in bytes; larger ones are for `blob`. Default 16 MiB. */
  readonly maxBlobBytes?: number;
}

/** A Mega server, with or without the Scorpio extension, as a `Source`. */
export class MegaClient implements Source, AsyncDisposable {
  /** For the functions of this package that take one: change lists, refs. */
  readonly wire: Wire;
  readonly #extension: Extension;
  readonly #head: Head;
  readonly #importDirectory: RepoPath;
  readonly #maxBlobBytes: number;

  constructor(options: MegaClientOptions) {
    this.wire = openWire(options);
    this.#extension = new Extension(this.wire);
    this.#head = new Head(this.wire, this.#extension);
    this.#importDirectory = options.importDirectory ?? '/third-party';
    this.#maxBlobBytes = options.maxBlobBytes ?? 16 * 1024 * 1024;
  }

  async capabilities(options: RequestOptions = {}): Promise<SourceCapabilities> {
    return await this.#extension.capabilities(options);
  }

  async head(options: RequestOptions = {}): Promise<Revision> {
    return await this.#head.ask(options);
  }

  async *trees(
    wants: readonly TreeWant[],
    options: RequestOptions & { readonly levels?: number } = {},
  ): AsyncGenerator<TreeAnswer, void, undefined> {
    options.signal?.throwIfAborted();
    const [only] = wants;
    const kept =
      wants.length === 1 && only ? this.#head.take(only, options.levels ?? 1) : undefined;
    if (kept) {
      yield kept;
      return;
    }
    const importDirectory = this.#importDirectory;
    yield* trees(this.wire, this.#extension, wants, { ...options, importDirectory });
  }

  async sizes(
    oids: readonly Oid[],
    options: RequestOptions = {},
  ): Promise<ReadonlyMap<Oid, number>> {
    options.signal?.throwIfAborted();
    return await sizes(this.wire, this.#extension, oids, options);
  }

  async blob(oid: Oid, options: RequestOptions = {}): Promise<BlobStream> {
    options.signal?.throwIfAborted();
    return await blobStream(this.wire, oid, options);
  }

  async *blobs(
    oids: readonly Oid[],
    options: RequestOptions = {},
  ): AsyncGenerator<BlobPart, void, undefined> {
    options.signal?.throwIfAborted();
    const maxBytes = this.#maxBlobBytes;
    yield* blobs(this.wire, this.#extension, oids, { ...options, maxBytes });
  }

  /** What was asked of the server so far. */
  stats(): MegaStats {
    return this.wire.counters.snapshot();
  }

  /** Ends every request, which reject as cancelled, and the pooled connections. */
  async close(): Promise<void> {
    closeWire(this.wire);
    await Promise.resolve();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
