import { ROOT_NODE, type Name, type NodeId, type Notifier, type Request } from '@scorpiofs/fuse';
import { EROFS, ESTALE, fail } from './errno.js';
import { noLayer, noWork, sameLayer, tooManyLayers } from './errors.js';
import { IdMap } from './id-map.js';
import { assignSpaces, LayerState, shownIno, type OverlayLayer } from './layers.js';
import { S_IFDIR } from './mode.js';
import { OverlayNode, type LayerNode } from './node.js';
import { settleUpper } from './upper-form.js';
import type { KernelOpens } from './opens.js';

export interface OverlayOptions {
  /** The one layer that is written; absent: the overlay is read-only. */
  readonly upper?: OverlayLayer;
  /** Topmost first. At least one layer in all. */
  readonly lowers: readonly OverlayLayer[];
  /**
   * How long the kernel may believe names and attributes, in seconds. Default `Infinity`: everything that changes changes
   * through this overlay, or is announced by its layer.
   */
  readonly ttl?: number;
  /** Flush copied-up data to disk before it becomes visible, against power loss. Default false. */
  readonly syncCopyUp?: boolean;
  /**
   * How file data reaches programs. `by-node` (the default): files are not opened here, the kernel keeps pages and asks for
   * what it has not got. `passthrough`: it reads and writes host files itself where they are (Linux 6.9, CAP_SYS_ADMIN; else
   * data comes as requests).
   */
  readonly data?: 'by-node' | 'passthrough';
  /**
   * Told once when the upper's marks cannot be the kernel's, which then does not understand its deletions. Default: a process
   * warning (`process.emitWarning`).
   */
  readonly onNote?: (note: string) => void;
}

/** Ends the names of `temporaryLinkName`. */
export const FURTHER_LINK = '+';

/** Their index is part of the inode number (layers.ts). */
const MAX_LAYERS = 64;

const NEVER = new AbortController().signal;

/** The overlay's own work, done with the daemon's identity. */
export const OWN_REQUEST: Request = {
  uid: process.getuid?.() ?? 0,
  gid: process.getgid?.() ?? 0,
  pid: 0,
  interrupted: false,
  signal: NEVER,
};

/** Everything one overlay knows while it runs. */
export class OverlayState {
  readonly layers: readonly LayerState[];
  readonly upper: LayerState | undefined;
  readonly ttl: number;
  readonly syncCopyUp: boolean;
  /** OPEN and RELEASE are answered (mode `passthrough`). */
  readonly opensFiles: boolean;
  readonly root: OverlayNode;
  readonly nodes = new IdMap<OverlayNode>();
  /** Nodes whose data is open in a layer, least recently used first. */
  readonly openNodes = new Set<OverlayNode>();
  /** Mode `passthrough`: what the kernel has open. */
  readonly opens = new Map<NodeId, KernelOpens>();
  /** The kernel takes host files. */
  passthrough = false;
  notify: Notifier | undefined;
  /** What a lookup found last in several layers, if that was nothing: a program's new file is looked up before it is made. */
  absent: { readonly directory: OverlayNode; readonly name: Name } | undefined;
  /** Whiteout in the work directory that others are hard links of. */
  sharedWhiteout: NodeId | undefined;
  /** Directories of the index of hard links (links.ts); null: known not to be there. */
  readonly index = new Map<string, NodeId | null>();
  /** The upper refuses hard links, or marks: names of one lower file are one only while the overlay lives. */
  noIndex = false;
  readonly unsubscribe: (() => void)[] = [];
  /** Give back the directories that are this overlay's alone. */
  readonly claims: (() => void)[] = [];
  /** Nodes made by operations that are under way: dropped at their end when nobody holds them then. */
  readonly fresh = new Set<OverlayNode>();
  /** Operations that have not ended. */
  active = 0;
  /** Leaves of earlier runs are out of the work directory. */
  prepared: true | Promise<void> | undefined;

  #nextNode = ROOT_NODE + 1;
  #temporary = 0;

  constructor(options: OverlayOptions) {
    const settled = options.upper === undefined ? undefined : settleUpper(options.upper);
    const stack = [...(settled === undefined ? [] : [settled.upper]), ...options.lowers];
    this.layers = stack.map((layer, at) => new LayerState(at, layer));
    this.upper = options.upper === undefined ? undefined : this.layers[0];
    if (this.upper !== undefined && this.upper.work === undefined) throw noWork();
    const [top] = this.layers;
    if (top === undefined) throw noLayer();
    if (this.layers.length > MAX_LAYERS) throw tooManyLayers(MAX_LAYERS);
    for (const { fs, root } of this.layers.slice(1))
      if (this.upper?.fs === fs && (this.upper.root === root || this.upper.work === root))
        throw sameLayer();
    if (this.upper !== undefined && this.upper.work === this.upper.root) throw sameLayer();
    assignSpaces(this.layers, this.upper);
    this.ttl = options.ttl ?? Infinity;
    this.opensFiles = options.data === 'passthrough';
    this.syncCopyUp = options.syncCopyUp ?? false;
    const lowers: LayerNode[] = this.layers
      .filter((layer) => layer !== this.upper)
      .map((layer) => ({ at: layer.at, node: layer.root }));
    const shape = {
      type: S_IFDIR,
      ino: shownIno(top, 1n),
      upper: this.upper?.root,
      lowers,
      redirect: undefined,
    };
    if (settled?.reason !== undefined) tell(options, settled.reason);
    this.root = new OverlayNode(ROOT_NODE, shape, undefined, '' as Name);
    // The root is never forgotten.
    this.root.lookups = 1;
    this.nodes.set(ROOT_NODE, this.root);
    for (const layer of this.layers) layer.nodes.set(layer.root, this.root);
  }

  layer(at: number): LayerState {
    const layer = this.layers[at];
    if (layer === undefined) throw new RangeError(`no layer ${at}`);
    return layer;
  }

  node(id: NodeId): OverlayNode {
    return this.nodes.get(id) ?? fail(ESTALE, `unknown node ${id}`);
  }

  newId(): NodeId {
    return this.#nextNode++ as NodeId;
  }

  /** A name in the work directory that no other process or earlier run uses at the same time. */
  temporaryName(): Name {
    return `#${process.pid.toString(36)}.${(this.#temporary++).toString(36)}` as Name;
  }

  /** The same for a further link of a file that has a name: it is no copy that is being made (links.ts). */
  temporaryLinkName(): Name {
    return (this.temporaryName() + FURTHER_LINK) as Name;
  }

  writable(): { readonly upper: LayerState; readonly work: NodeId } {
    const { upper } = this;
    if (upper?.work === undefined) return fail(EROFS, 'the overlay has no upper layer');
    return { upper, work: upper.work };
  }
}

function tell({ onNote = (note) => process.emitWarning(note) }: OverlayOptions, reason: string) {
  onNote(
    `${reason}: deletions are kept as .wh. files in the upper, which the kernel's overlay does not understand`,
  );
}

/** The layer and node that answer for a node now: the upper, or the topmost lower. */
export function top(
  state: OverlayState,
  node: OverlayNode,
): { readonly layer: LayerState; readonly node: NodeId } {
  if (node.upper !== undefined) return { layer: state.layer(0), node: node.upper };
  const [lower] = node.lowers;
  if (lower === undefined) return fail(ESTALE, `node ${node.id} has no layer`);
  return { layer: state.layer(lower.at), node: lower.node };
}
