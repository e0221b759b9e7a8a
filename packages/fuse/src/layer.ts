import type { FileSystem, Handle, Maybe, NodeId, Request } from './filesystem.js';
import type { Name } from './name.js';

/** What a directory holds, without attributes. */
export interface ListedEntry {
  readonly name: Name;
  /** `st_ino` of the entry itself. */
  readonly ino: bigint;
  /** File type bits (S_IFMT) of the entry. */
  readonly type: number;
}

/** Which marks of a union this process may write in a layer; `reason` is what was refused. */
export type LayerMarks =
  /** As the kernel's overlay: character devices 0:0 and `trusted.*` attributes. */
  | { readonly marks: 'kernel' }
  /** `.wh.` files and `user.*` attributes (decision D5). */
  | { readonly marks: 'oci'; readonly reason: string }
  /** Nothing can be written; `reason` is the name of the errno. */
  | { readonly marks: 'none'; readonly reason: string };

/**
 * A FileSystem that can be a layer of a union. A union works with the plain operations; what stands here lets it do so
 * cheaply, or at all. All optional: what is absent costs speed or a feature, never correctness.
 *
 * A layer may hold more than the tree below one root: `LayerRoots` name the directory shown and, for an upper, a work
 * directory on the same file system, outside what is shown, from which `rename` into the shown tree works.
 */
export interface Layer extends FileSystem {
  /**
   * Equal for layers whose `st_ino` share one number space (usually the host's `st_dev`), and stable over restarts.
   */
  readonly fsid?: string;

  /** Contents never change for the life of the layer; otherwise `onChange` tells, or the union cannot know. */
  readonly immutable?: boolean;

  /** Names, types and inode numbers of a whole directory, without "." and "..": no lookup references taken. */
  list?(req: Request, node: NodeId): Maybe<readonly ListedEntry[]>;

  /**
   * As `getxattr`, for a union's own marks: undefined where there is none or none is possible. Most files have none, and a
   * failure thrown and caught costs more than the question.
   */
  findXattr?(req: Request, node: NodeId, name: Name): Maybe<Uint8Array | undefined>;

  /** As `unlink`, of a regular file that the union has open if anybody uses it: the layer need not look what goes. */
  unlinkQuick?(req: Request, parent: NodeId, name: Name): Maybe<void>;

  /** As `release`, of a file that has a name still, or is small: closing it frees little. */
  releaseQuick?(req: Request, node: NodeId, fh: Handle): Maybe<void>;

  /**
   * A host descriptor that reads the data of a regular file, for reflinks, `copy_file_range` and kernel passthrough.
   * The caller closes it with `closeHostFd`. Undefined: there is none.
   */
  hostFd?(node: NodeId, flags: number): number | undefined;
  closeHostFd?(fd: number): void;

  /**
   * Copies `size` bytes of `source` (from another layer's `hostFd`) into an open file of this layer by the cheapest way
   * the host has (reflink, `copy_file_range`, read and write), keeping holes. Synchronous when small.
   */
  copyFrom?(req: Request, node: NodeId, fh: Handle, source: number, size: number): Maybe<void>;

  /**
   * The file's identity in the encoding of the kernel overlay's `trusted.overlay.origin` (struct ovl_fb: a file handle of
   * the host), valid over renames and restarts. Undefined where the host gives none.
   */
  originOf?(node: NodeId): Uint8Array | undefined;
  /** The `st_ino` of the file that `originOf` named; undefined when it is not of this layer or gone. */
  inoOfOrigin?(origin: Uint8Array): bigint | undefined;

  /**
   * Takes a directory for one union alone, until the function that it returns is called or this process ends. A number: some
   * other has it, the process of that id (0 where that cannot be known).
   */
  claim?(node: NodeId): (() => void) | number;

  /** Tries it in a directory that nobody is shown, such as a work directory; the trial leaves nothing. */
  marks?(directory: NodeId): LayerMarks;

  /** False: what is in one of the two directories cannot be renamed into the other (EXDEV). */
  sameMount?(one: NodeId, other: NodeId): boolean;

  /** Called when a directory's entries or a file changed behind the union's back. Returns the end of the subscription. */
  onChange?(listener: (node: NodeId, name: Name | undefined) => void): () => void;
}

/** Where in a layer the union looks. */
export interface LayerRoots {
  readonly layer: Layer;
  /** Directory shown. Default: the file system's root. */
  readonly root?: NodeId;
  /** Upper only: directory for what is being made, same file system, not below `root`. */
  readonly work?: NodeId;
}
