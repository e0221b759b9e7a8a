import type { Oid } from './oid.js';
import type { DroppedEntry } from './safe-entries.js';
import type { TreeEntry } from './tree.js';
import type { TreeIndex } from './tree-index.js';

/** Absolute, normalised monorepo path as a byte string (see `TreeName`): `/`, `/project/src`. */
export type RepoPath = string;

/** A pinned point of the monorepo. Everything below it is immutable (decision D2). */
export interface Revision {
  readonly commit: Oid;
  /** Root tree id where the source can tell it. */
  readonly tree?: Oid;
}

/** A directory wanted: where it is, and the id that its parent states for it (absent for the root when not known). */
export interface TreeWant {
  readonly revision: Revision;
  readonly path: RepoPath;
  readonly oid?: Oid;
}

/** What stands in it may be made when it is looked at: to change one, name each member; a spread leaves such members out. */
export interface TreeAnswer {
  readonly path: RepoPath;
  /**
   * The id under which the directory is known: what the parent states. At an import boundary of a Mega server
   * (mega-server §4.4) it is a placeholder that does not hash the entries; then `verified` is false.
   */
  readonly oid: Oid;
  readonly entries: readonly TreeEntry[];
  /** Whether the entries, as received, hash to `oid`. */
  readonly verified: boolean;
  /** Whether the modes in `entries` are known; false when only names, kinds of directory and ids could be had. */
  readonly modesKnown: boolean;
  /** What the directory holds besides, and no directory can show: for a warning (C10). */
  readonly dropped?: readonly DroppedEntry[];
  /** Sizes of blobs among the entries, where the source sent them along. */
  readonly sizes?: ReadonlyMap<Oid, number> | undefined;
  /** `entries` and `sizes` once more, where the source has them packed: those two are then made only for who asks for them. */
  readonly packed?: PackedTree;
}

/** A listing as the bytes that it came in. */
export interface PackedTree {
  readonly tree: TreeIndex;
  /** Bytes by position, -1 where not known. The reader's to keep. */
  readonly sizes?: number[];
}

export interface RequestOptions {
  /** Aborting rejects with the signal's reason, and ends the request on the wire. */
  readonly signal?: AbortSignal;
}

export interface SourceCapabilities {
  /** Answers of `trees` carry sizes. */
  readonly sizesInTrees: boolean;
  /** `trees` may be asked for more than one level. */
  readonly treeLevels: boolean;
  /** `blobs` and `sizes` travel many in one request. */
  readonly blobBatches: boolean;
}

/**
 * What a base needs of a server, and nothing more. Every method rejects with a `SourceError` that separates
 * "does not exist" from "cannot be told now" (decision D6); a caller never sees an empty answer in place of a failure.
 */
export interface Source {
  /** Discovered once, remembered. */
  capabilities(options?: RequestOptions): Promise<SourceCapabilities>;

  /** The revision that `main` has now. */
  head(options?: RequestOptions): Promise<Revision>;

  /**
   * Directories by path. With `levels` above 1 (where the capability exists) the descendants of each want, down to that
   * many levels, follow in the same answer, parents before children; without it each want costs one request, several in flight.
   * An iterator that is returned early cancels what is left. A directory that fails does not stop the others: when they have
   * all been yielded, the failure is thrown (a `TreesError` with each one's reason where more than one was wanted).
   */
  trees(
    wants: readonly TreeWant[],
    options?: RequestOptions & { readonly levels?: number },
  ): AsyncIterable<TreeAnswer>;

  /**
   * Sizes in bytes. Ids that the server does not have are absent from the answer. Where some could not be had now, a
   * `SizesError` holds the others.
   */
  sizes(oids: readonly Oid[], options?: RequestOptions): Promise<ReadonlyMap<Oid, number>>;

  /** One blob as a stream of chunks, not yet verified: whoever stores it verifies it. */
  blob(oid: Oid, options?: RequestOptions): Promise<BlobStream>;

  /**
   * Many blobs, in any order, in as few requests as the source can. A blob that does not exist or failed is reported with
   * its error; the others go on.
   */
  blobs(
    oids: readonly Oid[],
    options?: RequestOptions,
  ): AsyncIterable<
    { readonly oid: Oid; readonly data: Uint8Array } | { readonly oid: Oid; readonly error: Error }
  >;

  close(): Promise<void>;
}

export interface BlobStream extends AsyncIterable<Uint8Array> {
  /** From Content-Length, where it was given. */
  readonly size?: number;
}
