import { BlobHasher, SourceError, type Oid, type PackedTree } from '@scorpiofs/objects';
import type { BaseStore, StoredTree, TreeFacts } from '../base-store.js';

/** A store in memory, for tests that need none on disk; the same one given to another base stands for a restart. */
export class MemoryStore implements BaseStore {
  readonly trees = new Map<Oid, StoredTree>();
  readonly sizes = new Map<Oid, number>();
  readonly contents = new Map<Oid, Buffer>();
  readonly facts = new Map<string, Uint8Array>();

  tree(key: Oid): StoredTree | undefined {
    return this.trees.get(key);
  }

  treeSoon(key: Oid): StoredTree | undefined {
    return this.tree(key);
  }

  hasTree(key: Oid): boolean {
    return this.trees.has(key);
  }

  putPackedTree(key: Oid, packed: PackedTree, { verified, modesKnown }: TreeFacts): void {
    const { tree, sizes } = packed;
    this.trees.set(key, { tree, verified, modesKnown, ...(sizes && { sizes: [...sizes] }) });
  }

  size(oid: Oid): number | undefined {
    return this.sizes.get(oid);
  }

  putSizes(sizes: Iterable<readonly [Oid, number]>): void {
    for (const [oid, size] of sizes) this.sizes.set(oid, size);
  }

  hasContent(oid: Oid): boolean {
    return this.contents.has(oid);
  }

  readContent(oid: Oid, offset: number, into: Uint8Array): number | undefined {
    const content = this.contents.get(oid);
    if (content === undefined || offset >= content.length) return content && 0;
    return content.copy(into, 0, offset, offset + into.length);
  }

  addContent(oid: Oid, data: Uint8Array): Promise<void> {
    if (new BlobHasher(data.length).update(data).digest() !== oid)
      return Promise.reject(new SourceError('broken', `another content came for ${oid}`));
    this.contents.set(oid, Buffer.from(data));
    return Promise.resolve();
  }

  async addContentStream(oid: Oid, chunks: AsyncIterable<Uint8Array>): Promise<void> {
    const pieces: Uint8Array[] = [];
    for await (const chunk of chunks) pieces.push(Buffer.from(chunk));
    await this.addContent(oid, Buffer.concat(pieces));
  }

  fact(key: string): Uint8Array | undefined {
    return this.facts.get(key);
  }

  putFact(key: string, value: Uint8Array): void {
    this.facts.set(key, value);
  }

  changeFact(key: string, change: (old: Uint8Array | undefined) => Uint8Array): Uint8Array {
    const value = change(this.facts.get(key));
    this.facts.set(key, value);
    return value;
  }
}
