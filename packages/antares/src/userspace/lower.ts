import { ROOT_NODE, type Layer, type NodeId } from '@scorpiofs/fuse';
import { OverlayFs } from '@scorpiofs/overlayfs';
import type { BelowLayers } from '../below/open-below.js';
import type { Place } from './place.js';

/** Number spaces of `OverlayFs` without an upper: its topmost layer keeps its numbers, the next one carries a 1 above. */
const SPACE_BITS = 56n;
const BASE_SPACE = 1n;
const MASK = (1n << SPACE_BITS) - 1n;
/** Numbers of the base are below 2^53; those of a change list's files get this bit. */
const CL_BIT = 1n << 55n;

/** What lies below an upper at one time, as one tree that never changes. */
export class Lower {
  readonly fs: Layer;
  readonly root: NodeId;
  /** Known nodes by their number here. */
  readonly places = new Map<NodeId, Place>();
  /** Resolves when nothing of this tree is used any more, after another one took its place. */
  readonly free: Promise<void>;
  readonly #layers: BelowLayers;
  readonly #union: OverlayFs | undefined;
  #freed: (() => void) | undefined;
  #replaced = false;

  constructor(layers: BelowLayers) {
    const { lowers } = layers;
    this.#layers = layers;
    this.free = new Promise((resolve) => (this.#freed = resolve));
    if (lowers.length === 1) {
      const [base] = lowers;
      this.fs = base.layer;
      this.root = base.root ?? ROOT_NODE;
      return;
    }
    this.#union = new OverlayFs({ lowers });
    this.fs = this.#union;
    this.root = ROOT_NODE;
  }

  /** `st_ino` as shown: the same for a file of the base with a change list beside it and without. */
  number(ino: bigint): bigint {
    if (this.#union === undefined) return ino;
    return ino >> SPACE_BITS === BASE_SPACE ? ino & MASK : CL_BIT | (ino & (CL_BIT - 1n));
  }

  /** The number of the file that a mark on a copied-up one names, whoever wrote that mark. */
  numberOfOrigin(origin: Uint8Array): bigint | undefined {
    for (const [at, { layer }] of this.#layers.lowers.toReversed().entries()) {
      const ino = layer.inoOfOrigin?.(origin);
      if (ino !== undefined) return at === 0 ? ino : CL_BIT | (ino & (CL_BIT - 1n));
    }
    return undefined;
  }

  /** Files that belong to the base have one number for one content, for ever. */
  isOfBase(number: bigint): boolean {
    return (number & CL_BIT) === 0n;
  }

  /** Another tree shows from now on; what is open here stays. */
  replaced(): void {
    this.#replaced = true;
    this.settle();
  }

  /** To be called when a place went. */
  settle(): void {
    if (this.#replaced && this.places.size === 0) this.release();
  }

  release(): void {
    this.#union?.destroy();
    if (this.#freed !== undefined) this.#layers.release();
    this.#freed?.();
    this.#freed = undefined;
  }
}
