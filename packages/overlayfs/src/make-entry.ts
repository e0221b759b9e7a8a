import type { Entry, Name, NodeId, Request } from '@scorpiofs/fuse';
import { copyUp } from './copy-up.js';
import { EEXIST, EPERM, fail, isErrno } from './errno.js';
import { inherit } from './inherit.js';
import { shownIno, type LayerState } from './layers.js';
import { lowerHas } from './lookup.js';
import { OCI_PREFIX } from './marks.js';
import { isWhiteout, typeOf } from './mode.js';
import { intern } from './node-table.js';
import { NO_LOWERS, type NodeShape, type OverlayNode } from './node.js';
import type { Op } from './run.js';
import { ask } from './search.js';
import { OWN_REQUEST, type OverlayState } from './state.js';
import { clearOciMark, makeOpaque, placeStaged, removeStaged } from './work.js';

/** Makes a new entry in a directory of the upper: either the wanted one, or a staged one in the work directory. */
export type Make = (parent: NodeId, name: Name) => Op<Entry>;

/**
 * A new entry. Where nothing of that name is in the upper it is made in place, by the caller's identity. Over a whiteout it is
 * made aside and renamed over it, so that what the whiteout hides is not seen in between.
 */
export function* makeEntry(
  state: OverlayState,
  req: Request,
  parent: OverlayNode,
  name: Name,
  directory: boolean,
  make: Make,
): Op<{ readonly node: OverlayNode; readonly entry: Entry }> {
  const { upper } = state.writable();
  refuseMark(upper, name);
  // Whiteouts of names that nothing below has are not looked for: the host says that something is there.
  const below = parent.lowers.length > 0 && (yield* lowerHas(state, req, parent, name));
  if (below) yield* mustBeWhitedOut(upper, req, parent, name);
  const target = yield* copyUp(state, parent);
  let entry: Entry | undefined;
  if (!below) {
    try {
      entry = yield* make(target, name);
      yield* clearOciMark(upper, target, name);
    } catch (error) {
      if (!isErrno(error, EEXIST)) throw error;
    }
  }
  entry ??= yield* makeOverWhiteout(state, req, parent, target, name, directory, make);
  const node = intern(state, parent, name, shapeOf(upper, entry));
  parent.listing?.set(name, node.ino, node.type);
  return { node, entry };
}

/** Something new, in the upper alone. */
export function shapeOf(upper: LayerState, { node, attr }: Entry): NodeShape {
  return {
    type: typeOf(attr),
    ino: shownIno(upper, attr.ino),
    upper: node,
    lowers: NO_LOWERS,
    redirect: undefined,
  };
}

/** What lower layers have is not seen at this name, or there is something. */
function* mustBeWhitedOut(
  upper: LayerState,
  req: Request,
  parent: OverlayNode,
  name: Name,
): Op<void> {
  const above = parent.upper === undefined ? undefined : yield* ask(upper, req, parent.upper, name);
  if (above === 'whiteout') return;
  if (above !== undefined) upper.forget(above.entry.node);
  fail(EEXIST, 'name exists');
}

function* makeOverWhiteout(
  state: OverlayState,
  req: Request,
  parent: OverlayNode,
  target: NodeId,
  name: Name,
  directory: boolean,
  make: Make,
): Op<Entry> {
  const { upper, work } = state.writable();
  const there = yield* upper.find(OWN_REQUEST, target, name);
  if (there !== undefined) {
    upper.forget(there.node);
    if (!isWhiteout(there.attr)) fail(EEXIST, 'name exists');
  }
  const opaque =
    directory && (there !== undefined || (yield* needsOpaque(state, req, parent, name)));
  if (there === undefined && !opaque) {
    const entry = yield* make(target, name);
    yield* clearOciMark(upper, target, name);
    return entry;
  }
  const staged = state.temporaryName();
  let entry = yield* make(work, staged);
  try {
    entry = yield* inherit(upper, target, entry, req);
    if (opaque) yield* makeOpaque(upper, entry.node);
    yield* placeStaged(state, staged, target, name);
  } catch (error) {
    upper.forget(entry.node);
    yield* removeStaged(state, staged);
    throw error;
  }
  return entry;
}

/** A name that would be read as a mark cannot be a user's file in the OCI form (spec §7.2). */
export function refuseMark(upper: LayerState, name: Name): void {
  if (upper.form === 'oci' && name.startsWith(OCI_PREFIX))
    fail(EPERM, 'names beginning with .wh. are marks in this upper');
}

/** In the OCI form a whiteout beside a new directory is removed, so the directory itself must hide what lies below. */
function* needsOpaque(
  state: OverlayState,
  req: Request,
  parent: OverlayNode,
  name: Name,
): Op<boolean> {
  const { upper } = state.writable();
  if (upper.form !== 'oci' || parent.lowers.length === 0) return false;
  for (const { at, node } of parent.lowers)
    if (yield* state.layer(at).has(req, node, name)) return true;
  return false;
}
