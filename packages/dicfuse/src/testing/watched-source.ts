import {
  SourceError,
  type BlobStream,
  type Oid,
  type RequestOptions,
  type Revision,
  type Source,
  type SourceCapabilities,
  type TreeAnswer,
  type TreeWant,
} from '@scorpiofs/objects';

type BlobPart =
  { readonly oid: Oid; readonly data: Uint8Array } | { readonly oid: Oid; readonly error: Error };

type TreeOptions = RequestOptions & { readonly levels?: number };

/** Passes everything on, keeps account of it, and fails or waits when told to. */
export class WatchedSource implements Source {
  /** Paths asked for, one list for each call. */
  readonly treeCalls: string[][] = [];
  /** Paths answered. */
  readonly answered: string[] = [];
  readonly sizeCalls: Oid[][] = [];
  readonly blobCalls: Oid[][] = [];
  /** Every call fails with it while it is set. */
  failure: Error | undefined;
  /** Awaited before every call of trees, sizes, blob and blobs. */
  gate: Promise<void> | undefined;
  /** What waits at the gate: directories, or calls of another kind. */
  waiting = 0;

  constructor(
    readonly inner: Source,
    /** Answers as a source without capabilities. */
    readonly plain = false,
  ) {}

  /** Calls of trees, sizes, blob and blobs so far. */
  get calls(): number {
    return this.treeCalls.length + this.sizeCalls.length + this.blobCalls.length;
  }

  async capabilities(options?: RequestOptions): Promise<SourceCapabilities> {
    if (this.plain) return { sizesInTrees: false, treeLevels: false, blobBatches: false };
    await this.#pass();
    return await this.inner.capabilities(options);
  }

  async head(options?: RequestOptions): Promise<Revision> {
    await this.#pass();
    return await this.inner.head(options);
  }

  async *trees(
    wants: readonly TreeWant[],
    options: TreeOptions = {},
  ): AsyncGenerator<TreeAnswer, void, undefined> {
    this.treeCalls.push(wants.map(({ path }) => path));
    await this.#pass(wants.length);
    const { levels, signal } = options;
    const given = { ...(signal && { signal }), ...(levels !== undefined && { levels }) };
    const asked = this.plain ? { ...given, levels: 1 } : given;
    for await (const answer of this.inner.trees(wants, asked)) {
      this.answered.push(answer.path);
      if (!this.plain) yield answer;
      else {
        const { path, oid, entries, verified, modesKnown } = answer;
        yield { path, oid, entries, verified, modesKnown };
      }
    }
  }

  async sizes(oids: readonly Oid[], options?: RequestOptions): Promise<ReadonlyMap<Oid, number>> {
    this.sizeCalls.push([...oids]);
    await this.#pass();
    return await this.inner.sizes(oids, options);
  }

  async blob(oid: Oid, options?: RequestOptions): Promise<BlobStream> {
    this.blobCalls.push([oid]);
    await this.#pass();
    return await this.inner.blob(oid, options);
  }

  async *blobs(oids: readonly Oid[], options?: RequestOptions): AsyncGenerator<BlobPart> {
    this.blobCalls.push([...oids]);
    await this.#pass();
    yield* this.inner.blobs(oids, options);
  }

  async close(): Promise<void> {
    await this.inner.close();
  }

  async #pass(count = 1): Promise<void> {
    if (this.gate !== undefined) {
      this.waiting += count;
      await this.gate;
      this.waiting -= count;
    }
    if (this.failure !== undefined) throw this.failure;
  }
}

export function unreachable(timedOut = false): SourceError {
  return new SourceError('unreachable', 'the test has cut the line', { timedOut });
}
