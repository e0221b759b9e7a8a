import { FsError, type Maybe, type Name, type NodeId, type Request } from '@scorpiofs/fuse';
import { getattr, readAttr, shown } from './attr.js';
import { copyUp } from './copy-up.js';
import { keepOpen, keepOpenNow } from './data-handle.js';
import { askOnly, type LayerAnswer } from './direct.js';
import {
  EDQUOT,
  EEXIST,
  EISDIR,
  ENOENT,
  ENOSPC,
  ENOSYS,
  ENOTDIR,
  ENOTEMPTY,
  fail,
  isErrno,
} from './errno.js';
import { dropName } from './held-names.js';
import type { LayerState } from './layers.js';
import { adjustLinks, dropCopy, keepLinksGone } from './links.js';
import { listing } from './list-merged.js';
import { lookup, lowerHas, type Found } from './lookup.js';
import { S_IFDIR, S_IFREG } from './mode.js';
import { collect } from './node-table.js';
import type { OverlayNode } from './node.js';
import { heldFile, isOwn, ownFile } from './own.js';
import { run, wait, type Op } from './run.js';
import { OWN_REQUEST, type OverlayState } from './state.js';
import { listLayer, removeStaged, renameUpper, unlinkUpper, whiteOut } from './work.js';

function* unlink(
  state: OverlayState,
  req: Request,
  parent: OverlayNode,
  name: Name,
  begun?: Maybe<LayerAnswer>,
): Op<void> {
  const { upper } = state.writable();
  const found = (yield* lookup(state, req, parent, name, begun)) ?? fail(ENOENT, 'no such name');
  const { node } = found;
  if (node.type === S_IFDIR) fail(EISDIR, 'unlink of a directory');
  // What was found below is hidden by nothing.
  const hidden = !found.inUpper || (yield* lowerHas(state, req, parent, name));
  const directory = yield* copyUp(state, parent);
  const inUpper = yield* isInUpper(state, found, directory, name);
  yield* beforeNameGoes(state, node, inUpper, found);
  if (hidden) yield* whiteOut(state, directory, name, inUpper ? 'file' : 'nothing');
  else yield* unlinkUpper(upper, directory, name);
  nameGone(parent, node, name);
  if (!inUpper) yield* nameBelowGone(state, node);
  yield* unpin(state, node);
}

/** As `unlink`, without steps for a file that only the upper has and nothing hides or is hidden by. */
export function unlinkNow(
  state: OverlayState,
  req: Request,
  parent: OverlayNode,
  name: Name,
): Maybe<void> {
  const { upper } = state;
  if (!isOwn(state, parent) || upper?.fs.unlink === undefined)
    return run(unlink(state, req, parent, name));
  const held = heldFile(parent, name);
  if (held !== undefined) return removeOwn(state, upper, parent, held, name, Infinity);
  const begun = askOnly(upper, req, { at: 0, node: parent.upper }, name);
  const node = begun instanceof Promise ? undefined : ownFile(state, parent, name, begun);
  if (begun instanceof Promise || node === undefined || !('attr' in begun))
    return run(unlink(state, req, parent, name, begun));
  upper.forget(begun.node);
  return removeOwn(state, upper, parent, node, name, begun.attr.blocks);
}

/** `blocks`: how large the file is; Infinity where that was not asked. */
function removeOwn(
  state: OverlayState,
  { fs }: LayerState,
  parent: OverlayNode & { readonly upper: NodeId },
  node: OverlayNode,
  name: Name,
  blocks: number,
): Maybe<void> {
  const gone = () => nameGone(parent, node, name);
  const remove = () => {
    const done =
      node.type === S_IFREG && fs.unlinkQuick !== undefined
        ? fs.unlinkQuick(OWN_REQUEST, parent.upper, name)
        : fs.unlink?.(OWN_REQUEST, parent.upper, name);
    return done instanceof Promise ? done.then(gone) : gone();
  };
  const kept =
    node.type === S_IFREG && mayBeOpen(state, node) ? keepOpenNow(state, node, blocks) : undefined;
  return kept instanceof Promise ? kept.then(remove) : remove();
}

/** Whether a found name is in the upper now: only a copy-up can have put it there meanwhile. */
export function* isInUpper(
  state: OverlayState,
  found: Found,
  directory: NodeId,
  name: Name,
): Op<boolean> {
  if (found.inUpper || found.node.upper === undefined) return found.inUpper;
  return yield* state.writable().upper.has(OWN_REQUEST, directory, name);
}

/** A file without any name left, here or below, needs not stay. */
export function* unpin(state: OverlayState, node: OverlayNode): Op<void> {
  if (node.lastName) {
    node.lastName = false;
    yield* dropCopy(state, node);
  }
  if (!node.pinned || !node.unlinked) return;
  if ((yield* getattr(state, node.id)).attr.nlink > 0) return;
  node.pinned = false;
  collect(state, node);
}

/**
 * Called before a name of a file goes. The last one of an upper file takes the only way to its data with it, so the file is
 * opened first.
 */
export function* beforeNameGoes(
  state: OverlayState,
  node: OverlayNode,
  inUpper: boolean,
  found?: Pick<Found, 'attr' | 'inUpper'>,
): Op<void> {
  if (node.type === S_IFDIR || node.upper === undefined) return;
  if (inUpper && node.type !== S_IFREG && node.lowers.length === 0) return;
  // What the lookup saw is good where it saw what answers for the file now.
  const attr = inUpper && found?.inUpper === true ? found.attr : yield* readAttr(state, node);
  // Of two links one may be that of the index, which is no name.
  const here = inUpper ? 1 : 0;
  if (attr.nlink > here + 1) return;
  if (attr.nlink === here + 1) {
    node.lastName = (yield* shown(state, node, attr)).nlink <= 1;
    if (!node.lastName) return;
  }
  if (node.type !== S_IFREG || !mayBeOpen(state, node)) return;
  // Data that is still below (metacopy) is put in place while the file has a name.
  try {
    yield* copyUp(state, node);
  } catch (error) {
    // No room, or no data: that is no reason to refuse the removal. What can be read below stays open.
    if (!(error instanceof FsError)) throw error;
    if (node.dataAt === undefined) return;
  }
  yield* keepOpen(state, node, attr.blocks);
}

/**
 * Called when a name that existed only below is hidden: it leaves the count of its file. Not before, for a kill in between must
 * not leave fewer names counted than there are: a copy that seems to have none is dropped by the next mount.
 */
export function* nameBelowGone(state: OverlayState, node: OverlayNode): Op<void> {
  if (node.type === S_IFDIR) return;
  try {
    if (node.upper === undefined) yield* lowerNameGone(state, node);
    else yield* adjustLinks(state, node, -1);
  } catch (error) {
    // The name is gone whatever becomes of the count: without room for it, it is too high from the next mount on.
    if (!isErrno(error, ENOSPC, EDQUOT)) throw error;
  }
}

function* lowerNameGone(state: OverlayState, node: OverlayNode): Op<void> {
  node.linksGone++;
  const attr = yield* readAttr(state, node);
  const [place] = node.lowers;
  if (attr.nlink < 2 || place === undefined) return;
  node.pinned = true;
  yield* keepLinksGone(state, state.layer(place.at), place, attr, node.linksGone);
}

/** Where OPEN is not answered, whoever knows a file may have it open. */
function mayBeOpen(state: OverlayState, node: OverlayNode): boolean {
  if (!state.opensFiles) return node.lookups > 0;
  return state.opens.has(node.id) || node.retired?.some((id) => state.opens.has(id)) === true;
}

/** Bookkeeping after a name is gone. Other hard links find the node again by its layer node. */
export function nameGone(parent: OverlayNode, node: OverlayNode, name: Name): void {
  parent.listing?.delete(name);
  dropName(parent, name, node);
  if (node.parent === parent && node.name === name) node.unlinked = true;
}

/** As `rmdir`, without steps for a directory that only the upper has, unless something is in it: that may be whiteouts. */
export function rmdirNow(
  state: OverlayState,
  req: Request,
  parent: OverlayNode,
  name: Name,
): Maybe<void> {
  const inSteps = () => run(rmdir(state, req, parent, name));
  const { upper } = state;
  if (!isOwn(state, parent) || upper?.fs.rmdir === undefined) return inSteps();
  const node = parent.held?.get(name);
  if (node === undefined || !isOwn(state, node)) return inSteps();
  const gone = () => nameGone(parent, node, name);
  const failed = (error: unknown) => {
    if (isErrno(error, ENOTEMPTY, EEXIST)) return inSteps();
    throw error;
  };
  let done: Maybe<void>;
  try {
    done = upper.fs.rmdir(OWN_REQUEST, parent.upper, name);
  } catch (error) {
    return failed(error);
  }
  return done instanceof Promise ? done.then(gone, failed) : gone();
}

function* rmdir(state: OverlayState, req: Request, parent: OverlayNode, name: Name): Op<void> {
  const { upper, work } = state.writable();
  const node = (yield* lookup(state, req, parent, name))?.node ?? fail(ENOENT, 'no such name');
  if (node.type !== S_IFDIR) fail(ENOTDIR, 'rmdir of a file');
  yield* mustBeEmpty(state, req, node);
  const hidden = yield* lowerHas(state, req, parent, name);
  const directory = yield* copyUp(state, parent);
  if (hidden) {
    yield* whiteOut(state, directory, name, node.upper === undefined ? 'nothing' : 'directory');
  } else if (node.upper !== undefined) {
    const marks = yield* listLayer(upper, OWN_REQUEST, node.upper);
    if (marks.length === 0) {
      if (upper.fs.rmdir === undefined) fail(ENOSYS, 'upper without rmdir');
      yield* wait(upper.fs.rmdir(OWN_REQUEST, directory, name));
    } else {
      // Whiteouts left inside: the directory goes in one step, they go with it.
      const staged = state.temporaryName();
      yield* renameUpper(upper, directory, name, work, staged);
      yield* removeStaged(state, staged);
    }
  }
  nameGone(parent, node, name);
  node.unlinked = true;
}

/** Whiteouts do not count; what they hide does not either. */
export function* mustBeEmpty(state: OverlayState, req: Request, node: OverlayNode): Op<void> {
  const list = yield* listing(state, req, node);
  if (list.size > 0) fail(ENOTEMPTY, 'directory not empty');
}
