import type { Attr, Entry, Name, NodeId, Request } from '@scorpiofs/fuse';
import { ENOTDIR, fail } from './errno.js';
import { shownIno, type LayerState } from './layers.js';
import { getMark, isOpaque, OCI_PREFIX, ociWhiteout, redirectOf } from './marks.js';
import { isDirectory, isWhiteout, S_IFDIR, typeOf } from './mode.js';
import { intern, release } from './node-table.js';
import type { LayerNode, OverlayNode } from './node.js';
import { type Op } from './run.js';
import { OWN_REQUEST, type OverlayState } from './state.js';

export interface Found {
  readonly node: OverlayNode;
  /** Of the topmost layer, with its own inode number and link count. */
  readonly attr: Attr;
}

export interface Hit {
  readonly at: number;
  readonly entry: Entry;
}

type Answer = Hit | 'whiteout' | undefined;

/**
 * Finds a name in the merged directory: layers from the top down, ended by a whiteout, a file, or an opaque directory
 * (Documentation/filesystems/overlayfs.rst). Takes no reference for the kernel.
 */
export function* lookup(
  state: OverlayState,
  req: Request,
  parent: OverlayNode,
  name: Name,
): Op<Found | undefined> {
  if (parent.type !== S_IFDIR) fail(ENOTDIR, 'lookup in a file');
  const hits: Hit[] = [];
  try {
    const redirect = yield* collectHits(state, req, searchOrder(parent), name, hits);
    const [first] = hits;
    if (first === undefined) return undefined;
    return {
      node: yield* adoptHits(state, req, parent, name, hits, redirect),
      attr: first.entry.attr,
    };
  } catch (error) {
    for (const hit of hits) state.layer(hit.at).forget(hit.entry.node);
    throw error;
  }
}

/** What the layers in `places` have under a name, topmost first. The references in `hits` are the caller's, also after a failure. */
export function* collectHits(
  state: OverlayState,
  req: Request,
  places: readonly LayerNode[],
  name: Name,
  hits: Hit[],
): Op<Name | undefined> {
  let redirect: Name | undefined;
  // What is still to be searched: a directory of each layer, and the name in it.
  let search: readonly LayerNode[] = places;
  let wanted = name;
  while (search.length > 0) {
    const [place, ...rest] = search;
    if (place === undefined) break;
    search = rest;
    const layer = state.layer(place.at);
    const answer = yield* ask(layer, req, place.node, wanted);
    if (answer === 'whiteout') break;
    if (answer === undefined) continue;
    const directory = isDirectory(answer.entry.attr);
    if (hits.length > 0 && !directory) {
      layer.forget(answer.entry.node);
      break;
    }
    hits.push(answer);
    if (!directory || (yield* isOpaque(layer, req, answer.entry.node))) break;
    const moved = yield* redirectOf(layer, req, answer.entry.node);
    if (moved === undefined) continue;
    if (layer === state.upper) redirect = moved;
    if (moved.startsWith('/')) {
      yield* absolute(state, req, place.at, moved, hits);
      break;
    }
    wanted = moved;
  }
  return redirect;
}

function searchOrder(parent: OverlayNode): readonly LayerNode[] {
  return parent.upper === undefined
    ? parent.lowers
    : [{ at: 0, node: parent.upper }, ...parent.lowers];
}

/** One layer's word on one name. A whiteout's reference is given back at once. */
function* ask(layer: LayerState, req: Request, directory: NodeId, name: Name): Op<Answer> {
  // In the OCI form these names are marks, never entries.
  if (layer.form === 'oci' && name.startsWith(OCI_PREFIX)) return undefined;
  const entry = yield* layer.find(req, directory, name);
  if (entry === undefined) {
    if (layer.form === 'oci' && (yield* layer.has(req, directory, ociWhiteout(name))))
      return 'whiteout';
    return undefined;
  }
  // Character devices 0:0 are whiteouts in both forms: uppers of either kind are read (D5).
  if (layer.marked && isWhiteout(entry.attr)) {
    layer.forget(entry.node);
    return 'whiteout';
  }
  return { at: layer.at, entry };
}

/** Follows an absolute redirect in every layer below `above`, each from its own root. */
function* absolute(
  state: OverlayState,
  req: Request,
  above: number,
  path: Name,
  hits: Hit[],
): Op<void> {
  const names = path.slice(1).split('/') as Name[];
  for (const layer of state.layers.slice(above + 1)) {
    const answer = yield* walk(layer, req, names);
    if (answer === undefined) continue;
    if (answer === 'whiteout') return;
    if (!isDirectory(answer.entry.attr)) {
      layer.forget(answer.entry.node);
      return;
    }
    hits.push(answer);
    if (yield* isOpaque(layer, req, answer.entry.node)) return;
    const moved = yield* redirectOf(layer, req, answer.entry.node);
    if (moved?.startsWith('/') === true) {
      yield* absolute(state, req, layer.at, moved, hits);
      return;
    }
    if (moved !== undefined) names.splice(-1, 1, moved);
  }
}

function* walk(layer: LayerState, req: Request, names: readonly Name[]): Op<Answer> {
  let at: NodeId = layer.root;
  let answer: Answer;
  for (const [i, name] of names.entries()) {
    answer = yield* ask(layer, req, at, name);
    if (i > 0) layer.forget(at);
    if (answer === undefined || answer === 'whiteout') return answer;
    if (i < names.length - 1 && !isDirectory(answer.entry.attr)) {
      layer.forget(answer.entry.node);
      return 'whiteout';
    }
    at = answer.entry.node;
  }
  return answer;
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
  return intern(state, parent, name, {
    type: typeOf(first.entry.attr),
    ino,
    upper,
    lowers,
    redirect,
  });
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
