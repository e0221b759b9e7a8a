import type { Handle, Name, NodeId } from '@scorpiofs/fuse';
import type { Listing } from './listing.js';

/** A node of one layer; the overlay holds one lookup reference on it. */
export interface LayerNode {
  /** Index into the overlay's layers, topmost 0. */
  readonly at: number;
  readonly node: NodeId;
}

/** Where the data of a node is open in a layer. */
export interface OpenLayer {
  readonly at: number;
  readonly fh: Handle;
  readonly writable: boolean;
  /** The layer's host descriptor, which the kernel may read and write itself. */
  readonly backingFd?: number | undefined;
  /** Operations that use it now. */
  users: number;
}

/** One file or directory as the overlay shows it. */
export class OverlayNode {
  /** References the kernel (or a direct caller) holds. */
  lookups = 0;
  /** Nodes that name this one as their parent: it stays as long as they do. */
  dependents = 0;
  /** In the writable layer. */
  upper: NodeId | undefined;
  /** Directories: what is merged below, topmost first. Others: the lower file it comes from, if any. */
  lowers: readonly LayerNode[];
  parent: OverlayNode | undefined;
  /** A name it has in `parent`; a file with several links has others too. */
  name: Name;
  /** Names of a lower file that went before it was copied up. */
  linksGone = 0;
  /**
   * A copied-up file with other names below: they find it again only by this node, so it stays as long as the overlay.
   */
  pinned = false;
  /** Files: the topmost layer is known to hold the data itself (metacopy.ts). */
  whole = false;
  /** Files whose data is not in the topmost layer: which of `lowers` has it, by its layer. */
  dataAt: number | undefined;
  /** Its last name is going: its link in the index goes next. */
  lastName = false;
  /** No name is left: its data lives until the last reference goes. */
  unlinked = false;
  /** `st_ino`; constant over copy-up, rename and remount. */
  readonly ino: bigint;
  /** S_IFMT bits. */
  readonly type: number;
  /** Directories: where the lower content is, when not at the same path (`trusted.overlay.redirect`). */
  redirect: Name | undefined;
  /** Directories: the upper may hold entries whose inode number comes from below; undefined: not asked yet. */
  impure: boolean | undefined;
  /** One copy-up at a time. */
  copying: Promise<void> | undefined;
  open: OpenLayer | undefined;
  listing: Listing | undefined;
  /** Ids that the kernel knew it by before; they stay valid (`open.ts`). */
  retired: NodeId[] | undefined;
  /** The kernel wrote the host file itself: pages it may have from before are old. */
  bypassed = false;

  constructor(
    /** As the kernel knows it. */
    public id: NodeId,
    shape: {
      readonly type: number;
      readonly ino: bigint;
      readonly upper: NodeId | undefined;
      readonly lowers: readonly LayerNode[];
      readonly parent: OverlayNode | undefined;
      readonly name: Name;
      readonly redirect: Name | undefined;
    },
  ) {
    this.type = shape.type;
    this.ino = shape.ino;
    this.upper = shape.upper;
    this.lowers = shape.lowers;
    this.parent = shape.parent;
    this.name = shape.name;
    this.redirect = shape.redirect;
    if (shape.parent !== undefined) shape.parent.dependents++;
  }
}
