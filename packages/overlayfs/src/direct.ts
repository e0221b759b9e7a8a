import type { Entry, Maybe, Name, NegativeEntry, Request } from '@scorpiofs/fuse';
import { entryNow } from './attr.js';
import { ENOENT, isErrno } from './errno.js';
import { shownIno, type LayerState } from './layers.js';
import { fillsItsBlocks } from './metacopy.js';
import { S_IFCHR, S_IFDIR, typeOf } from './mode.js';
import { internHeld } from './node-table.js';
import { NO_LOWERS, type LayerNode, type OverlayNode } from './node.js';
import type { OverlayState } from './state.js';

/** A layer's own answer to a lookup; its reference is the caller's. */
export type LayerAnswer = Entry | NegativeEntry;

/** The layer that alone has a directory, and its node there. */
export function onlyPlace(node: OverlayNode): LayerNode | undefined {
  const { upper, lowers } = node;
  if (upper === undefined) return lowers.length === 1 ? lowers[0] : undefined;
  return lowers.length === 0 ? { at: 0, node: upper } : undefined;
}

/** Asks the only layer of a directory for a name. */
export function askOnly(
  layer: LayerState,
  req: Request,
  place: LayerNode,
  name: Name,
): Maybe<LayerAnswer> {
  try {
    return layer.fs.lookup?.(req, place.node, name) ?? NOTHING;
  } catch (error) {
    if (isErrno(error, ENOENT)) return NOTHING;
    throw error;
  }
}

const NOTHING: NegativeEntry = { node: 0, entryTtl: 0 };

/**
 * Most lookups: one layer has the directory and answered at once, with nothing or with a file that has one name and is no mark.
 * Then nothing is to be merged or read besides, and the answer is the entry; walks of large trees live by it. Undefined: it is not
 * so simple, and nothing has been done. Adds the kernel's reference, and takes over the one in `answer`.
 */
export function directEntry(
  state: OverlayState,
  parent: OverlayNode,
  name: Name,
  layer: LayerState,
  answer: LayerAnswer,
): LayerAnswer | undefined {
  if (!('attr' in answer)) return { node: 0, entryTtl: state.ttl };
  const { attr, node: id } = answer;
  const inUpper = layer === state.upper;
  const type = typeOf(attr);
  if (type === S_IFDIR || type === S_IFCHR || attr.nlink > 1) return undefined;
  if (!fillsItsBlocks(attr)) return undefined;
  // A copied-up file has the number that it had below.
  if (inUpper && parent.impure !== false) return undefined;
  const known = layer.nodes.get(id);
  if (known !== undefined && (known.upper !== undefined) !== inUpper) return undefined;
  if (known !== undefined && (known.linksGone > 0 || (inUpper && known.lowers.length > 0)))
    return undefined;
  const ino = shownIno(layer, attr.ino);
  const node = internHeld(state, parent, name, {
    type,
    ino,
    upper: inUpper ? id : undefined,
    lowers: inUpper ? NO_LOWERS : [{ at: layer.at, node: id }],
    redirect: undefined,
  });
  return entryNow(state, node, ino === attr.ino ? attr : { ...attr, ino });
}
