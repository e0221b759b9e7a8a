import type { Attr, Maybe, Name, NodeId, Request } from '@scorpiofs/fuse';
import type { LayerAnswer } from './direct.js';
import { ENOTDIR, fail } from './errno.js';
import { shownIno } from './layers.js';
import { getMark } from './marks.js';
import { isDirectory, S_IFDIR, typeOf } from './mode.js';
import { findCopy, linksGone } from './links.js';
import { intern, release } from './node-table.js';
import type { LayerNode, NodeShape, OverlayNode } from './node.js';
import { type Op } from './run.js';
import { ask, collectHits, type Hit } from './search.js';
import { OWN_REQUEST, type OverlayState } from './state.js';

export interface Found {
  readonly node: OverlayNode;
  /** Of the topmost layer, with its own inode number and link count. */
  readonly attr: Attr;
  /** The name itself is in the upper; else only below. */
  readonly inUpper: boolean;
}

/**
 * Finds a name in the merged directory: layers from the top down, ended by a whiteout, a file, or an opaque directory
 * (Documentation/filesystems/overlayfs.rst). Takes no reference for the kernel. `begun`: what the first layer has answered, when it
 * was asked already.
 */
export function* lookup(
  state: OverlayState,
  req: Request,
  parent: OverlayNode,
  name: Name,
  begun?: Maybe<LayerAnswer>,
): Op<Found | undefined> {
  if (parent.type !== S_IFDIR) fail(ENOTDIR, 'lookup in a file');
  const hits: Hit[] = [];
  try {
    const redirect = yield* collectHits(state, req, searchOrder(parent), name, hits, begun);
    const [first] = hits;
    if (first === undefined) return undefined;
    return {
      node: yield* adoptHits(state, req, parent, name, hits, redirect),
      attr: first.entry.attr,
      inUpper: state.upper !== undefined && first.at === 0,
    };
  } catch (error) {
    for (const hit of hits) state.layer(hit.at).forget(hit.entry.node);
    throw error;
  }
}

function searchOrder(parent: OverlayNode): readonly LayerNode[] {
  return parent.upper === undefined
    ? parent.lowers
    : [{ at: 0, node: parent.upper }, ...parent.lowers];
}

function* adoptHits(
  state: OverlayState,
  req: Request,
  parent: OverlayNode,
  name: Name,
  hits: readonly Hit[],
  redirect: Name | undefined,
): Op<OverlayNode> {
  const [first, ...others] = hits as [Hit, ...Hit[]];
  const inUpper = state.upper !== undefined && first.at === 0;
  const upper = inUpper ? first.entry.node : undefined;
  const lowers = (inUpper ? others : hits).map((h) => ({ at: h.at, node: h.entry.node }));
  const ino = yield* inodeNumber(state, req, parent, hits, inUpper);
  const type = typeOf(first.entry.attr);
  const shape = { type, ino, upper, lowers, redirect };
  const [place] = lowers;
  if (inUpper || place === undefined || type === S_IFDIR || first.entry.attr.nlink < 2)
    return intern(state, parent, name, shape);
  return yield* adoptLinked(state, parent, name, shape, place, first.entry.attr);
}

/** One of several names of a lower file: under another one it may have been copied up, now or before the last mount. */
function* adoptLinked(
  state: OverlayState,
  parent: OverlayNode,
  name: Name,
  shape: NodeShape,
  place: LayerNode,
  attr: Attr,
): Op<OverlayNode> {
  const layer = state.layer(place.at);
  if (layer.nodes.has(place.node)) return intern(state, parent, name, shape);
  const copy = yield* findCopy(state, layer, place, attr);
  if (copy !== undefined) return intern(state, parent, name, { ...shape, upper: copy.node });
  const gone = yield* linksGone(state, layer, place, attr);
  const fresh = !layer.nodes.has(place.node);
  const node = intern(state, parent, name, shape);
  if (fresh) node.linksGone = gone;
  return node;
}

/** A directory keeps the number of its topmost lower, a copied-up file the one of its origin. */
function* inodeNumber(
  state: OverlayState,
  req: Request,
  parent: OverlayNode,
  hits: readonly Hit[],
  inUpper: boolean,
): Op<bigint> {
  const [first, second] = hits as [Hit, Hit | undefined];
  const number = ({ at, entry }: Hit) => shownIno(state.layer(at), entry.attr.ino);
  if (!inUpper) return number(first);
  if (second !== undefined) return number(second);
  if (isDirectory(first.entry.attr) || !(yield* isImpure(state, parent))) return number(first);
  return (yield* originIno(state, req, first.entry.node)) ?? number(first);
}

/** Whether an upper directory may hold copied-up entries; asked once. */
function* isImpure(state: OverlayState, directory: OverlayNode): Op<boolean> {
  const { upper } = state;
  if (upper === undefined || directory.upper === undefined) return false;
  directory.impure ??=
    (yield* getMark(upper, OWN_REQUEST, directory.upper, 'impure')) !== undefined;
  return directory.impure;
}

/** The number that a copied-up file had below, by the kernel's mark or ours. */
export function* originIno(
  state: OverlayState,
  req: Request,
  node: NodeId,
): Op<bigint | undefined> {
  const { upper } = state;
  if (upper === undefined) return undefined;
  const origin = yield* getMark(upper, req, node, 'origin');
  if (origin !== undefined && origin.length > 0) {
    for (const layer of state.layers.slice(1)) {
      const ino = layer.fs.inoOfOrigin?.(origin);
      if (ino !== undefined) return shownIno(layer, ino);
    }
  }
  const kept = yield* getMark(upper, req, node, 'ino');
  if (kept === undefined || kept.length !== 8) return undefined;
  return Buffer.from(kept.buffer, kept.byteOffset, 8).readBigUInt64LE();
}

/** Whether a layer below the upper shows `name` in the merged directory. */
export function* lowerHas(
  state: OverlayState,
  req: Request,
  parent: OverlayNode,
  name: Name,
): Op<boolean> {
  for (const place of parent.lowers) {
    const layer = state.layer(place.at);
    const answer = yield* ask(layer, req, place.node, name);
    if (answer === 'whiteout') return false;
    if (answer === undefined) continue;
    release(state, undefined, [{ at: answer.at, node: answer.entry.node }]);
    return true;
  }
  return false;
}
