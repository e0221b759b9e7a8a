import type { Handle, Name, NodeId } from '@scorpiofs/fuse';
import type { Listing } from './listing.js';
import { S_IFMT } from './mode.js';

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
  /** Known to take no time to close when its last name is gone. */
  small: boolean;
}

/** What a lookup in the layers found. */
export interface NodeShape {
  readonly type: number;
  readonly ino: bigint;
  readonly upper: NodeId | undefined;
  readonly lowers: readonly LayerNode[];
  readonly redirect: Name | undefined;
}

/** What few nodes have. Kept apart: a million nodes may be known, and each member of a node costs all of them. */
class Rare {
  dependents = 0;
  linksGone = 0;
  lowers: readonly LayerNode[] | undefined;
  dataAt: number | undefined;
  redirect: Name | undefined;
  impure: boolean | undefined;
  copying: Promise<void> | undefined;
  open: OpenLayer | undefined;
  listing: Listing | undefined;
  held: Map<Name, OverlayNode> | undefined;
  retired: NodeId[] | undefined;
}

const NONE: Readonly<Rare> = Object.freeze(new Rare());
export const NO_LOWERS: readonly LayerNode[] = [];

const PINNED = 1;
const WHOLE = 2;
const LAST_NAME = 4;
const UNLINKED = 8;
const BYPASSED = 16;
const TOLD = 32;
const BARE = 64;
/** S_IFMT (0o170000) ends below it. */
const LOWER_SHIFT = 16;

/** One file or directory as the overlay shows it. */
export class OverlayNode {
  /** References the kernel (or a direct caller) holds. */
  lookups = 0;
  /** In the writable layer. */
  upper: NodeId | undefined;
  parent: OverlayNode | undefined;
  /** A name it has in `parent`; a file with several links has others too. */
  name: Name;
  readonly #ino: number | bigint;
  /** Flags, S_IFMT, and the layer of the only lower plus one, if there is one. */
  #bits: number;
  /** The only lower's node. */
  #lower = 0;
  #rare: Rare | undefined;

  constructor(
    /** As the kernel knows it. */
    public id: NodeId,
    shape: NodeShape,
    parent: OverlayNode | undefined,
    name: Name,
  ) {
    this.#bits = shape.type & S_IFMT;
    // Most fit into a pointer; a bigint would be an object of its own.
    this.#ino = shape.ino < 0x4000_0000n ? Number(shape.ino) : shape.ino;
    this.upper = shape.upper;
    this.parent = parent;
    this.name = name;
    if (shape.lowers.length > 0) this.lowers = shape.lowers;
    if (shape.redirect !== undefined) this.redirect = shape.redirect;
    if (parent !== undefined) parent.dependents++;
  }

  /** S_IFMT bits. */
  get type(): number {
    return this.#bits & S_IFMT;
  }

  /** Nodes that name this one as their parent: it stays as long as they do. */
  get dependents(): number {
    return (this.#rare ?? NONE).dependents;
  }
  set dependents(count: number) {
    // As `#keep`, but every new node comes by here.
    if (this.#rare === undefined && count === 0) return;
    (this.#rare ??= new Rare()).dependents = count;
  }

  /** `st_ino`; constant over copy-up, rename and remount. */
  get ino(): bigint {
    return BigInt(this.#ino);
  }

  /** Directories: what is merged below, topmost first. Others: the lower file it comes from, if any. */
  get lowers(): readonly LayerNode[] {
    const several = this.#rare?.lowers;
    if (several !== undefined) return several;
    const at = (this.#bits >> LOWER_SHIFT) - 1;
    return at < 0 ? NO_LOWERS : [{ at, node: this.#lower as NodeId }];
  }
  set lowers(lowers: readonly LayerNode[]) {
    const only = lowers.length === 1 ? lowers[0] : undefined;
    const at = only?.at ?? -1;
    this.#bits = (this.#bits & ((1 << LOWER_SHIFT) - 1)) | ((at + 1) << LOWER_SHIFT);
    this.#lower = only?.node ?? 0;
    this.#keep('lowers', lowers.length > 1 ? lowers : undefined);
  }

  /**
   * A copied-up file with other names below: they find it again only by this node, so it stays as long as the overlay.
   */
  get pinned(): boolean {
    return this.#is(PINNED);
  }
  set pinned(pinned: boolean) {
    this.#mark(PINNED, pinned);
  }

  /** Files: the topmost layer is known to hold the data itself (metacopy.ts). */
  get whole(): boolean {
    return this.#is(WHOLE);
  }
  set whole(whole: boolean) {
    this.#mark(WHOLE, whole);
  }

  /** Its last name is going: its link in the index goes next. */
  get lastName(): boolean {
    return this.#is(LAST_NAME);
  }
  set lastName(lastName: boolean) {
    this.#mark(LAST_NAME, lastName);
  }

  /** No name is left: its data lives until the last reference goes. */
  get unlinked(): boolean {
    return this.#is(UNLINKED);
  }
  set unlinked(unlinked: boolean) {
    this.#mark(UNLINKED, unlinked);
  }

  /** The kernel wrote the host file itself: pages it may have from before are old. */
  get bypassed(): boolean {
    return this.#is(BYPASSED);
  }
  set bypassed(bypassed: boolean) {
    this.#mark(BYPASSED, bypassed);
  }

  /** The kernel has its attributes, and nothing was done since after which it would ask for them. */
  get told(): boolean {
    return this.#is(TOLD);
  }
  set told(told: boolean) {
    this.#mark(TOLD, told);
  }

  /** Made through this overlay, and nobody has set an extended attribute since. */
  get bare(): boolean {
    return this.#is(BARE);
  }
  set bare(bare: boolean) {
    this.#mark(BARE, bare);
  }

  /** Names of a lower file that went before it was copied up. */
  get linksGone(): number {
    return (this.#rare ?? NONE).linksGone;
  }
  set linksGone(count: number) {
    this.#keep('linksGone', count);
  }

  /** Files whose data is not in the topmost layer: which of `lowers` has it, by its layer. */
  get dataAt(): number | undefined {
    return this.#rare?.dataAt;
  }
  set dataAt(at: number | undefined) {
    this.#keep('dataAt', at);
  }

  /** Directories: where the lower content is, when not at the same path (`trusted.overlay.redirect`). */
  get redirect(): Name | undefined {
    return this.#rare?.redirect;
  }
  set redirect(redirect: Name | undefined) {
    this.#keep('redirect', redirect);
  }

  /** Directories: the upper may hold entries whose inode number comes from below; undefined: not asked yet. */
  get impure(): boolean | undefined {
    return this.#rare?.impure;
  }
  set impure(impure: boolean | undefined) {
    this.#keep('impure', impure);
  }

  /** One copy-up at a time. */
  get copying(): Promise<void> | undefined {
    return this.#rare?.copying;
  }
  set copying(copying: Promise<void> | undefined) {
    this.#keep('copying', copying);
  }

  get open(): OpenLayer | undefined {
    return this.#rare?.open;
  }
  set open(open: OpenLayer | undefined) {
    this.#keep('open', open);
  }

  get listing(): Listing | undefined {
    return this.#rare?.listing;
  }
  set listing(listing: Listing | undefined) {
    this.#keep('listing', listing);
  }

  /** Directories: what is known in it by name (held-names.ts). */
  get held(): Map<Name, OverlayNode> | undefined {
    return this.#rare?.held;
  }
  set held(held: Map<Name, OverlayNode> | undefined) {
    this.#keep('held', held);
  }

  /** Ids that the kernel knew it by before; they stay valid (`open.ts`). */
  get retired(): NodeId[] | undefined {
    return this.#rare?.retired;
  }
  set retired(retired: NodeId[] | undefined) {
    this.#keep('retired', retired);
  }

  #is(flag: number): boolean {
    return (this.#bits & flag) !== 0;
  }

  #mark(flag: number, on: boolean): void {
    this.#bits = on ? this.#bits | flag : this.#bits & ~flag;
  }

  #keep<K extends keyof Rare>(member: K, value: Rare[K]): void {
    if (this.#rare === undefined && value === NONE[member]) return;
    (this.#rare ??= new Rare())[member] = value;
  }
}
