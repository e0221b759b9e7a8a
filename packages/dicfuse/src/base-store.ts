import type { Maybe } from '@scorpiofs/fuse';
import type { Oid, PackedTree } from '@scorpiofs/objects';

/** A directory as the store keeps it. */
export interface StoredTree extends PackedTree, TreeFacts {}

export interface TreeFacts {
  /** Whether the entries, as the source sent them, hashed to the id under which they are kept. */
  readonly verified: boolean;
  readonly modesKnown: boolean;
}

/**
 * What a base needs of a store: trees, sizes, contents and small facts by key. What is put can be read at once; it becomes
 * durable soon after (facts in the order in which they were put), or, with `change`, before the call returns.
 */
export interface BaseStore {
  /** From memory or disk, in this turn. Undefined: not here. */
  tree(key: Oid): StoredTree | undefined;
  /** As `tree`; a large one comes in several turns of the event loop. */
  treeSoon(key: Oid): Maybe<StoredTree | undefined>;
  hasTree(key: Oid): boolean;
  /** `exact`: the tree as it stands hashes to the key; absent where that is not known. */
  putPackedTree(key: Oid, tree: PackedTree, facts: TreeFacts & { readonly exact?: true }): void;

  size(oid: Oid): number | undefined;
  putSizes(sizes: Iterable<readonly [Oid, number]>): void;

  /** `size` in bytes, where it is known, can make a miss cheaper; so it can below. */
  hasContent(oid: Oid, size?: number): boolean;
  /** Copies from `offset` until `into` is full or the content ends. Undefined: not here. Throws when it cannot be read. */
  readContent(oid: Oid, offset: number, into: Uint8Array, size?: number): number | undefined;
  /** Keeps a content after checking it against its id; rejects when it is another one, or when there is no room. */
  addContent(oid: Oid, data: Uint8Array): Promise<void>;
  addContentStream(
    oid: Oid,
    chunks: AsyncIterable<Uint8Array>,
    size: number | undefined,
  ): Promise<void>;

  fact(key: string): Uint8Array | undefined;
  putFact(key: string, value: Uint8Array): void;
  /** Replaces a fact in one transaction, also between processes; durable when it returns. Returns the new value. */
  changeFact(key: string, change: (old: Uint8Array | undefined) => Uint8Array): Uint8Array;
}
