import type { Maybe, Name, Request } from '@scorpiofs/fuse';
import { copyUp, markImpure } from './copy-up.js';
import { refuseMark } from './make-entry.js';
import type { LayerAnswer } from './direct.js';
import {
  EEXIST,
  EINVAL,
  EISDIR,
  ENOENT,
  ENOSYS,
  ENOTDIR,
  ENOTEMPTY,
  EOPNOTSUPP,
  EPERM,
  EXDEV,
  fail,
  isErrno,
} from './errno.js';
import type { LayerState } from './layers.js';
import { lookup, lowerHas, type Found } from './lookup.js';
import { setMark } from './marks.js';
import { S_IFDIR } from './mode.js';
import { move } from './node-table.js';
import type { OverlayNode } from './node.js';
import {
  beforeNameGoes,
  isInUpper,
  mustBeEmpty,
  nameBelowGone,
  nameGone,
  unpin,
} from './remove.js';
import { wait, type Op } from './run.js';
import { OWN_REQUEST, type OverlayState } from './state.js';
import {
  clearOciMark,
  listLayer,
  makeOpaque,
  RENAME_EXCHANGE,
  RENAME_NOREPLACE,
  RENAME_WHITEOUT,
  renameUpper,
  stageWhiteout,
  unlinkUpper,
  whiteOut,
} from './work.js';

export interface Place {
  readonly parent: OverlayNode;
  readonly name: Name;
}

/**
 * Renames within the overlay. A directory with lower content keeps it by a `redirect` mark; the old name is whited out where
 * something below still has it. Marks are set before the one rename that makes the new state visible.
 */
export function* rename(
  state: OverlayState,
  req: Request,
  from: Place,
  to: Place,
  flags: number,
  begun?: Maybe<LayerAnswer>,
): Op<void> {
  const { upper } = state.writable();
  if (![0, RENAME_NOREPLACE, RENAME_EXCHANGE].includes(flags)) fail(EINVAL, 'rename flags');
  refuseMark(upper, to.name);
  const foundSource =
    (yield* lookup(state, req, from.parent, from.name, begun)) ?? fail(ENOENT, 'no such name');
  const foundTarget = yield* lookup(state, req, to.parent, to.name);
  const [source, target] = [foundSource.node, foundTarget?.node];
  // In the kernel's order (vfs_rename and its callers): programs tell these failures apart.
  if (flags === RENAME_NOREPLACE && target !== undefined) fail(EEXIST, 'target exists');
  if (flags === RENAME_EXCHANGE && target === undefined) fail(ENOENT, 'nothing to exchange with');
  if (isAncestor(source, to.parent)) fail(EINVAL, 'directory into itself');
  if (target !== undefined && isAncestor(target, from.parent))
    fail(flags === RENAME_EXCHANGE ? EINVAL : ENOTEMPTY, 'target holds the source');
  if (flags === RENAME_EXCHANGE && target !== undefined)
    return yield* exchange(state, req, from, to, source, target);
  if (source === target) return;
  if (target !== undefined) {
    if (source.type === S_IFDIR && target.type !== S_IFDIR) fail(ENOTDIR, 'target is no directory');
    if (source.type !== S_IFDIR && target.type === S_IFDIR) fail(EISDIR, 'target is a directory');
    if (target.type === S_IFDIR) yield* mustBeEmpty(state, req, target);
  }
  yield* replace(state, req, from, to, foundSource, foundTarget);
}

function isAncestor(node: OverlayNode, of: OverlayNode): boolean {
  if (node.type !== S_IFDIR) return false;
  for (let at: OverlayNode | undefined = of; at !== undefined; at = at.parent)
    if (at === node) return true;
  return false;
}

function* replace(
  state: OverlayState,
  req: Request,
  from: Place,
  to: Place,
  foundSource: Found,
  foundTarget: Found | undefined,
): Op<void> {
  const { upper } = state.writable();
  const [source, target] = [foundSource.node, foundTarget?.node];
  const hidden = !foundSource.inUpper || (yield* lowerHas(state, req, from.parent, from.name));
  yield* copyUp(state, source);
  const fromDir = yield* copyUp(state, from.parent);
  const toDir = yield* copyUp(state, to.parent);
  // Another name of a copied-up hard link may exist only below: it becomes a link of the copy, and then moves in one step.
  if (!(yield* isInUpper(state, foundSource, fromDir, from.name))) {
    yield* linkOver(state, source, fromDir, from.name);
    yield* nameBelowGone(state, source);
  }
  yield* prepareSource(state, req, from, to, source);
  // Nothing is seen there, but a whiteout may be.
  const targetInUpper =
    foundTarget === undefined
      ? source.type === S_IFDIR && (yield* upper.has(OWN_REQUEST, toDir, to.name))
      : yield* isInUpper(state, foundTarget, toDir, to.name);
  if (target !== undefined) {
    yield* beforeNameGoes(state, target, targetInUpper, foundTarget);
    if (target.type === S_IFDIR && target.upper !== undefined)
      yield* emptyOfMarks(upper, target.upper);
  }
  if (source.type === S_IFDIR && target === undefined && targetInUpper) {
    // A whiteout in the way of a directory: exchange puts it where it is wanted, or is to be removed.
    yield* renameUpper(upper, fromDir, from.name, toDir, to.name, RENAME_EXCHANGE);
    if (!hidden) yield* unlinkUpper(upper, fromDir, from.name);
  } else if (hidden) {
    yield* renameLeavingWhiteout(state, fromDir, from.name, toDir, to.name);
  } else {
    yield* renameUpper(upper, fromDir, from.name, toDir, to.name);
  }
  yield* clearOciMark(upper, toDir, to.name);
  if (target !== undefined) {
    nameGone(to.parent, target, to.name);
    if (target.type === S_IFDIR) target.unlinked = true;
    if (!targetInUpper) yield* nameBelowGone(state, target);
    yield* unpin(state, target);
  }
  from.parent.listing?.delete(from.name);
  to.parent.listing?.set(to.name, source.ino, source.type);
  move(state, source, to.parent, to.name);
}

/** A name that exists only below, of a file that is in the upper under another name. */
function* linkOver(
  state: OverlayState,
  source: OverlayNode,
  directory: NonNullable<OverlayNode['upper']>,
  name: Name,
): Op<void> {
  const { upper, work } = state.writable();
  if (upper.fs.link === undefined || source.upper === undefined)
    return fail(ENOSYS, 'upper without link');
  const staged = state.temporaryLinkName();
  const made = yield* wait(upper.fs.link(OWN_REQUEST, source.upper, work, staged));
  upper.forget(made.node);
  yield* renameUpper(upper, work, staged, directory, name);
}

/** Rename and whiteout in one step where the upper can, else the whiteout is exchanged in first. */
function* renameLeavingWhiteout(
  state: OverlayState,
  fromDir: NonNullable<OverlayNode['upper']>,
  name: Name,
  toDir: NonNullable<OverlayNode['upper']>,
  newName: Name,
): Op<void> {
  const { upper, work } = state.writable();
  if (upper.form === 'oci') {
    yield* whiteOut(state, fromDir, name, 'nothing');
    return yield* renameUpper(upper, fromDir, name, toDir, newName);
  }
  try {
    return yield* renameUpper(upper, fromDir, name, toDir, newName, RENAME_WHITEOUT);
  } catch (error) {
    if (!isErrno(error, EINVAL, ENOSYS)) throw error;
  }
  const staged = yield* stageWhiteout(state);
  yield* renameUpper(upper, work, staged, fromDir, name, RENAME_EXCHANGE);
  yield* renameUpper(upper, work, staged, toDir, newName);
}

function* exchange(
  state: OverlayState,
  req: Request,
  from: Place,
  to: Place,
  source: OverlayNode,
  target: OverlayNode,
): Op<void> {
  const { upper } = state.writable();
  if (source === target) return;
  yield* copyUp(state, source);
  yield* copyUp(state, target);
  const fromDir = yield* copyUp(state, from.parent);
  const toDir = yield* copyUp(state, to.parent);
  yield* prepareSource(state, req, from, to, source);
  yield* prepareSource(state, req, to, from, target);
  yield* renameUpper(upper, fromDir, from.name, toDir, to.name, RENAME_EXCHANGE);
  from.parent.listing?.set(from.name, target.ino, target.type);
  to.parent.listing?.set(to.name, source.ino, source.type);
  move(state, source, to.parent, to.name);
  move(state, target, from.parent, from.name);
}

/** Marks on what moves, so that at its new place it shows the same content and number as before. */
function* prepareSource(
  state: OverlayState,
  req: Request,
  from: Place,
  to: Place,
  node: OverlayNode,
): Op<void> {
  const { upper } = state.writable();
  if (node.upper === undefined) return;
  if (node.lowers.length > 0 || from.parent.impure === true) yield* markImpure(state, to.parent);
  if (node.type !== S_IFDIR) return;
  if (node.lowers.length === 0) {
    if (to.parent.lowers.length > 0 && (yield* lowerHas(state, req, to.parent, to.name)))
      yield* makeOpaque(upper, node.upper);
    return;
  }
  const redirect = from.parent === to.parent ? (node.redirect ?? from.name) : lowerPath(node, from);
  if (redirect === node.redirect) return;
  try {
    yield* setMark(upper, OWN_REQUEST, node.upper, 'redirect', Buffer.from(redirect, 'latin1'));
  } catch (error) {
    // Without the mark the content would be lost from view: programs then copy, as between two file systems.
    if (isErrno(error, EOPNOTSUPP, EPERM)) fail(EXDEV, 'the upper keeps no redirect marks');
    throw error;
  }
  node.redirect = redirect;
}

/** Where a directory's lower content is, from the layers' roots. */
function lowerPath(node: OverlayNode, at: Place): Name {
  const names: string[] = [];
  let current: OverlayNode | undefined = node;
  while (current?.parent !== undefined) {
    const name: string = current.redirect ?? (current === node ? at.name : current.name);
    if (name.startsWith('/')) return (name + names.map((n) => `/${n}`).join('')) as Name;
    names.unshift(name);
    current = current.parent;
  }
  return `/${names.join('/')}` as Name;
}

/** Takes the marks out of a directory that shows nothing, so that it can be replaced in one step. */
function* emptyOfMarks(upper: LayerState, directory: NonNullable<OverlayNode['upper']>): Op<void> {
  const marks = yield* listLayer(upper, OWN_REQUEST, directory);
  if (marks.length === 0) return;
  yield* makeOpaque(upper, directory);
  for (const { name } of yield* listLayer(upper, OWN_REQUEST, directory))
    yield* unlinkUpper(upper, directory, name);
}
