import type { Entry, Maybe, Name, NodeId, Request } from '@scorpiofs/fuse';
import {
  EEXIST,
  EINVAL,
  EMLINK,
  ENOSYS,
  ENOENT,
  ENOTDIR,
  EISDIR,
  EOPNOTSUPP,
  EPERM,
  fail,
  isErrno,
} from './errno.js';
import type { LayerState } from './layers.js';
import { OCI_OPAQUE, ociWhiteout, setMark } from './marks.js';
import { isDirectory, S_IFCHR, S_IFREG } from './mode.js';
import { run, wait, type Op } from './run.js';
import { OWN_REQUEST, type OverlayState } from './state.js';

export const RENAME_NOREPLACE = 1;
export const RENAME_EXCHANGE = 2;
export const RENAME_WHITEOUT = 4;

const YES = Buffer.from('y');

/** Renames inside the upper layer. */
export function* renameUpper(
  upper: LayerState,
  from: NodeId,
  name: Name,
  to: NodeId,
  newName: Name,
  flags = 0,
): Op<void> {
  if (upper.fs.rename === undefined) fail(ENOSYS, 'upper without rename');
  yield* wait(upper.fs.rename(OWN_REQUEST, from, name, to, newName, flags));
}

export function* unlinkUpper(upper: LayerState, parent: NodeId, name: Name): Op<void> {
  if (upper.fs.unlink === undefined) fail(ENOSYS, 'upper without unlink');
  yield* wait(upper.fs.unlink(OWN_REQUEST, parent, name));
}

function* mknodUpper(upper: LayerState, parent: NodeId, name: Name, mode: number): Op<Entry> {
  if (upper.fs.mknod === undefined) return fail(ENOSYS, 'upper without mknod');
  return yield* wait(upper.fs.mknod(OWN_REQUEST, parent, name, mode, 0, 0));
}

/** A fresh whiteout (kernel form) in the work directory: a hard link of a shared one, as the kernel makes them. */
export function* stageWhiteout(state: OverlayState): Op<Name> {
  const { upper, work } = state.writable();
  const name = state.temporaryName();
  if (state.sharedWhiteout !== undefined && upper.fs.link !== undefined) {
    try {
      const entry = yield* wait(upper.fs.link(OWN_REQUEST, state.sharedWhiteout, work, name));
      upper.forget(entry.node);
      return name;
    } catch (error) {
      if (!isErrno(error, EMLINK, EPERM, EOPNOTSUPP, ENOENT, ENOSYS)) throw error;
      upper.forget(state.sharedWhiteout);
      state.sharedWhiteout = undefined;
    }
  }
  const made = yield* mknodUpper(upper, work, name, S_IFCHR);
  if (state.sharedWhiteout === undefined && upper.fs.link !== undefined) {
    const shared = state.temporaryName();
    try {
      const entry = yield* wait(upper.fs.link(OWN_REQUEST, made.node, work, shared));
      upper.forget(made.node);
      state.sharedWhiteout = entry.node;
      return name;
    } catch (error) {
      if (!isErrno(error, EMLINK, EPERM, EOPNOTSUPP, ENOSYS)) throw error;
    }
  }
  upper.forget(made.node);
  return name;
}

/**
 * Puts a whiteout at a name of an upper directory in one step: over a file by rename, over a directory by exchange (what was
 * there is then in the work directory and is removed there), at a free name by rename.
 */
export function* whiteOut(
  state: OverlayState,
  parent: NodeId,
  name: Name,
  there: 'nothing' | 'file' | 'directory',
): Op<void> {
  const { upper, work } = state.writable();
  if (upper.form === 'oci') return yield* whiteOutOci(state, parent, name, there);
  const staged = yield* stageWhiteout(state);
  if (there !== 'directory') return yield* renameUpper(upper, work, staged, parent, name);
  yield* renameUpper(upper, work, staged, parent, name, RENAME_EXCHANGE);
  yield* removeStaged(state, staged);
}

/** The mark first: while both are there, the entry is what is seen. */
function* whiteOutOci(
  state: OverlayState,
  parent: NodeId,
  name: Name,
  there: 'nothing' | 'file' | 'directory',
): Op<void> {
  const { upper, work } = state.writable();
  try {
    const mark = yield* mknodUpper(upper, parent, ociWhiteout(name), S_IFREG | 0o600);
    upper.forget(mark.node);
  } catch (error) {
    if (!isErrno(error, EEXIST)) throw error;
  }
  if (there === 'file') yield* unlinkUpper(upper, parent, name);
  if (there === 'directory') {
    const staged = state.temporaryName();
    yield* renameUpper(upper, parent, name, work, staged);
    yield* removeStaged(state, staged);
  }
}

/** After a name has been made in an upper directory: its OCI mark, if any, has become meaningless. */
export function* clearOciMark(upper: LayerState, parent: NodeId, name: Name): Op<void> {
  if (upper.form !== 'oci') return;
  try {
    yield* unlinkUpper(upper, parent, ociWhiteout(name));
  } catch (error) {
    if (!isErrno(error, ENOENT)) throw error;
  }
}

export function* makeOpaque(upper: LayerState, directory: NodeId): Op<void> {
  if (upper.form === 'oci') {
    try {
      const mark = yield* mknodUpper(upper, directory, OCI_OPAQUE, S_IFREG | 0o600);
      upper.forget(mark.node);
    } catch (error) {
      if (!isErrno(error, EEXIST)) throw error;
    }
    return;
  }
  yield* setMark(upper, OWN_REQUEST, directory, 'opaque', YES);
}

/** Removes something from the work directory with everything in it. */
export function* removeStaged(state: OverlayState, name: Name): Op<void> {
  const { upper, work } = state.writable();
  yield* removeTree(upper, work, name);
}

function* removeTree(upper: LayerState, parent: NodeId, name: Name): Op<void> {
  const entry = yield* upper.find(OWN_REQUEST, parent, name);
  if (entry === undefined) return;
  try {
    if (!isDirectory(entry.attr)) return yield* unlinkUpper(upper, parent, name);
    for (const child of yield* listLayer(upper, OWN_REQUEST, entry.node))
      yield* removeTree(upper, entry.node, child.name);
    if (upper.fs.rmdir === undefined) fail(ENOSYS, 'upper without rmdir');
    yield* wait(upper.fs.rmdir(OWN_REQUEST, parent, name));
  } catch (error) {
    if (!isErrno(error, ENOENT)) throw error;
  } finally {
    upper.forget(entry.node);
  }
}

/** Leaves of earlier runs that ended in the middle. */
export function* clearWork(state: OverlayState): Op<void> {
  const { upper, work } = state.writable();
  for (const { name } of yield* listLayer(upper, OWN_REQUEST, work))
    if (name.startsWith('#')) yield* removeTree(upper, work, name);
}

/** Moves what was staged to its name, over a whiteout or an empty directory if one is there. */
export function* placeStaged(
  state: OverlayState,
  staged: Name,
  parent: NodeId,
  name: Name,
): Op<void> {
  const { upper, work } = state.writable();
  try {
    yield* renameUpper(upper, work, staged, parent, name);
  } catch (error) {
    // A directory does not replace a whiteout, which is a device: exchange, then drop what came back.
    if (!isErrno(error, ENOTDIR, EISDIR, EINVAL)) throw error;
    yield* renameUpper(upper, work, staged, parent, name, RENAME_EXCHANGE);
    yield* removeStaged(state, staged);
  }
  yield* clearOciMark(upper, parent, name);
}

export interface LayerListed {
  readonly name: Name;
  readonly ino: bigint;
  readonly type: number;
}

/** All entries of one directory of one layer, without "." and "..". */
export function* listLayer(
  layer: LayerState,
  req: Request,
  directory: NodeId,
): Op<readonly LayerListed[]> {
  return yield* wait(listSoon(layer, req, directory));
}

/** The same, without a step where the layer answers at once. */
export function listSoon(
  layer: LayerState,
  req: Request,
  directory: NodeId,
): Maybe<readonly LayerListed[]> {
  return layer.fs.list?.(req, directory) ?? run(readAll(layer, req, directory));
}

function* readAll(layer: LayerState, req: Request, directory: NodeId): Op<readonly LayerListed[]> {
  const { fs } = layer;
  if (fs.readdir === undefined) return fail(ENOSYS, 'layer without readdir');
  const listed: LayerListed[] = [];
  const open = fs.opendir === undefined ? undefined : yield* wait(fs.opendir(req, directory, 0));
  const fh = (open?.fh ?? 0) as Parameters<NonNullable<typeof fs.readdir>>[2];
  try {
    let offset = 0;
    for (let before = -1; before !== listed.length;) {
      before = listed.length;
      let seen = 0;
      yield* wait(
        fs.readdir(req, directory, fh, offset, {
          plus: false,
          add(name, ino, type, next) {
            offset = next;
            seen++;
            if (name !== '.' && name !== '..') listed.push({ name, ino, type });
            return true;
          },
          addEntry: () => false,
        }),
      );
      if (seen === 0) break;
      if (before === listed.length) before = -1;
    }
  } finally {
    if (open !== undefined && fs.releasedir !== undefined)
      yield* wait(fs.releasedir(req, directory, open.fh));
  }
  return listed;
}
