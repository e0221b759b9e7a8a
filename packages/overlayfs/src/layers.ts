import {
  ROOT_NODE,
  type Entry,
  type Layer,
  type LayerRoots,
  type Maybe,
  type Name,
  type NegativeEntry,
  type NodeId,
  type Request,
} from '@scorpiofs/fuse';
import { ENOENT, isErrno } from './errno.js';
import { IdMap } from './id-map.js';
import type { OverlayNode } from './node.js';
import { wait, type Op } from './run.js';

/**
 * kernel: character devices 0:0 and `trusted.overlay.*` (or `user.overlay.*`). oci: files `.wh.name` and `.wh..wh..opq`.
 * none: nothing in the layer is a mark (a base that no overlay ever wrote).
 */
export type MarkForm = 'kernel' | 'oci' | 'none';

export interface OverlayLayer extends LayerRoots {
  /** Default `kernel`; of an upper whose layer says that this process may not write that (`Layer.marks`): `oci`. */
  readonly form?: MarkForm;
  /** Default `trusted.overlay.`; `user.overlay.` for layers written without privilege, and with a default `oci`. */
  readonly xattrPrefix?: string;
}

/** One layer while the overlay runs. */
export class LayerState {
  readonly fs: Layer;
  readonly root: NodeId;
  readonly work: NodeId | undefined;
  readonly form: MarkForm;
  readonly xattrPrefix: string;
  /** Overlay nodes by the node of this layer that identifies them. */
  readonly nodes = new IdMap<OverlayNode>();
  /** Full names of marks, made once. */
  readonly markNames = new Map<string, Name>();
  /** Tells apart inode numbers of layers with different number spaces; 0 is the upper's. */
  space = 0;

  constructor(
    readonly at: number,
    layer: OverlayLayer,
  ) {
    this.fs = layer.layer;
    this.root = layer.root ?? ROOT_NODE;
    this.work = layer.work;
    this.form = layer.form ?? 'kernel';
    this.xattrPrefix = layer.xattrPrefix ?? 'trusted.overlay.';
  }

  get marked(): boolean {
    return this.form !== 'none';
  }

  /** Looks a name up; takes one reference on what it returns. */
  *find(
    req: Request,
    parent: NodeId,
    name: Name,
    begun?: Maybe<Entry | NegativeEntry>,
  ): Op<Entry | undefined> {
    return yield* wait(this.look(req, parent, name, begun));
  }

  /** The same, without a step where the layer answers at once. */
  look(
    req: Request,
    parent: NodeId,
    name: Name,
    begun?: Maybe<Entry | NegativeEntry>,
  ): Maybe<Entry | undefined> {
    const { fs } = this;
    try {
      const answer = begun ?? fs.lookup?.(req, parent, name);
      return answer instanceof Promise ? answer.then(entryIn, notThere) : entryIn(answer);
    } catch (error) {
      return notThere(error);
    }
  }

  *has(req: Request, parent: NodeId, name: Name): Op<boolean> {
    const entry = yield* this.find(req, parent, name);
    if (entry === undefined) return false;
    this.forget(entry.node);
    return true;
  }

  /** Gives one reference back. */
  forget(node: NodeId): void {
    if (node !== this.root && node !== this.work) this.fs.forget?.(node, 1);
  }
}

function entryIn(answer: Entry | NegativeEntry | undefined): Entry | undefined {
  return answer === undefined || answer.node === 0 ? undefined : (answer as Entry);
}

function notThere(error: unknown): undefined {
  if (!isErrno(error, ENOENT)) throw error;
}

const SPACE_BITS = 56n;
const SPACE_MASK = (1n << SPACE_BITS) - 1n;

/**
 * The `st_ino` shown for a layer's own number. Layers that share a number space with the upper keep theirs; others carry the
 * index of their space in the top bits, counted from the lowest layer, so that a layer put in between changes nothing.
 */
export function shownIno(layer: LayerState, ino: bigint): bigint {
  return layer.space === 0 ? ino : (BigInt(layer.space) << SPACE_BITS) | (ino & SPACE_MASK);
}

export function assignSpaces(layers: readonly LayerState[], upper: LayerState | undefined): void {
  const spaces = new Map<string, number>();
  const top = upper ?? layers[0];
  if (top?.fs.fsid !== undefined) spaces.set(top.fs.fsid, 0);
  let next = 1;
  for (const layer of [...layers].reverse()) {
    const { fsid } = layer.fs;
    const known = fsid === undefined ? undefined : spaces.get(fsid);
    if (layer === top) layer.space = 0;
    else if (known !== undefined) layer.space = known;
    else {
      layer.space = next++;
      if (fsid !== undefined) spaces.set(fsid, layer.space);
    }
  }
}
