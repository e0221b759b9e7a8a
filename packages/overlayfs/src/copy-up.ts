import type { Attr, Handle, Name, NodeId } from '@scorpiofs/fuse';
import { adopt, borrow, closeData, giveBack, openLayerFile, type Borrowed } from './data-handle.js';
import { EIO, ENODATA, ENOSYS, EOPNOTSUPP, EPERM, fail, isErrno } from './errno.js';
import { handOn } from './hand-on.js';
import { shownIno, type LayerState } from './layers.js';
import { getMark, markName, setMark } from './marks.js';
import { dataPlace } from './metacopy.js';
import { S_IFDIR, S_IFLNK, S_IFREG, typeOf } from './mode.js';
import {
  enterIndex,
  indexName,
  keepLinks,
  keepLinksGone,
  leaveIndex,
  type IndexName,
} from './links.js';
import { setUpper } from './node-table.js';
import type { OverlayNode } from './node.js';
import { run, wait, type Op } from './run.js';
import { OWN_REQUEST, top, type OverlayState } from './state.js';
import { removeStaged, renameUpper } from './work.js';

const CHUNK = 1 << 20;
const O_RDWR = 2;
const YES = Buffer.from('y');

/**
 * Makes sure that a node is in the upper, with its parents, and returns it there. What is copied is made aside with data,
 * owner, mode, attributes and times, and gets its name in one last step: whenever the daemon is killed, the upper holds the
 * whole file or nothing of it. `keep`: how many bytes of data are wanted at most (a truncation needs no more). A file that the
 * kernel's overlay copied up without its data (metacopy) gets it now.
 */
export function* copyUp(state: OverlayState, node: OverlayNode, keep = Infinity): Op<NodeId> {
  while (node.upper === undefined || (node.type === S_IFREG && !node.whole)) {
    state.writable();
    if (node.copying !== undefined) {
      // Whoever copies has its own caller to tell about a failure; this one then tries for itself.
      yield* wait(node.copying.catch(() => undefined));
      continue;
    }
    const { upper } = node;
    const copy = run(
      upper === undefined ? copyNow(state, node, keep) : complete(state, node, upper, keep),
    );
    if (copy instanceof Promise) {
      node.copying = copy.finally(() => {
        node.copying = undefined;
      });
      yield* wait(node.copying);
    }
  }
  return node.upper;
}

function* copyNow(state: OverlayState, node: OverlayNode, keep: number): Op<void> {
  const { parent } = node;
  if (parent !== undefined && !node.unlinked) yield* copyUp(state, parent);
  const source = top(state, node);
  if (source.layer.fs.getattr === undefined) fail(ENOSYS, 'layer without getattr');
  const { attr } = yield* wait(source.layer.fs.getattr(OWN_REQUEST, source.node, undefined));
  if (node.type === S_IFREG) yield* copyFile(state, node, attr, Math.min(keep, attr.size));
  else yield* copyOther(state, node, attr);
}

/** Files with a name are staged under a temporary one; an unlinked one never gets a name. */
function* copyFile(state: OverlayState, node: OverlayNode, attr: Attr, size: number): Op<void> {
  const { upper, work } = state.writable();
  const source = top(state, node);
  const staged = state.temporaryName();
  const { fs } = upper;
  if (fs.create === undefined) fail(ENOSYS, 'upper without create');
  const made = yield* wait(fs.create(OWN_REQUEST, work, staged, 0o600, O_RDWR, 0));
  const target = made.entry.node;
  const { fh } = made.open;
  try {
    if (size > 0) yield* copyData(state, node, upper, target, fh, size);
    yield* copyAttributes(state, source.layer, source.node, target, attr, fh);
    yield* markOrigin(state, node, source.layer, source.node, target, attr);
    if (state.syncCopyUp && fs.fsync !== undefined)
      yield* wait(fs.fsync(OWN_REQUEST, target, fh, false));
    yield* publish(state, node, staged, target, attr);
  } catch (error) {
    yield* abandon(state, upper, target, fh, staged);
    throw error;
  }
  closeData(state, node);
  setUpper(state, node, target);
  holdsData(node);
  adopt(state, node, openLayerFile(0, made.open, true));
}

function holdsData(node: OverlayNode): void {
  node.whole = true;
  node.dataAt = undefined;
}

/**
 * Puts the data of a metacopy file in place. Its mark goes last: killed before that, the data is still the one below, cut to
 * what a truncation keeps.
 */
function* complete(state: OverlayState, node: OverlayNode, target: NodeId, keep: number): Op<void> {
  yield* dataPlace(state, node);
  if (node.dataAt === undefined) return;
  const { upper } = state.writable();
  const { fs } = upper;
  if (fs.open === undefined || fs.getattr === undefined || fs.setattr === undefined)
    return fail(ENOSYS, 'upper without open or attributes');
  if (fs.removexattr === undefined) return fail(EOPNOTSUPP, 'upper without attributes');
  const { attr } = yield* wait(fs.getattr(OWN_REQUEST, target, undefined));
  const size = Math.min(keep, attr.size);
  const opened = yield* wait(fs.open(OWN_REQUEST, target, O_RDWR));
  const { fh } = opened;
  try {
    if (size < attr.size) yield* wait(fs.setattr(OWN_REQUEST, target, { size }, fh));
    if (size > 0) yield* copyData(state, node, upper, target, fh, size);
    const { mode, atimeNs, mtimeNs } = attr;
    // Writing may have cleared set-id bits.
    const as = { mode: mode & 0o7777, atimeNs, mtimeNs };
    yield* wait(fs.setattr(OWN_REQUEST, target, as, fh));
    if (state.syncCopyUp && fs.fsync !== undefined)
      yield* wait(fs.fsync(OWN_REQUEST, target, fh, false));
    yield* wait(fs.removexattr(OWN_REQUEST, target, markName(upper, 'metacopy')));
  } catch (error) {
    if (fs.release !== undefined) yield* wait(fs.release(OWN_REQUEST, target, fh, 0));
    throw error;
  }
  closeData(state, node);
  holdsData(node);
  adopt(state, node, openLayerFile(0, opened, true));
}

function* abandon(
  state: OverlayState,
  upper: LayerState,
  target: NodeId,
  fh: Handle | undefined,
  staged: Name,
): Op<void> {
  if (fh !== undefined && upper.fs.release !== undefined)
    yield* wait(upper.fs.release(OWN_REQUEST, target, fh, 0));
  upper.forget(target);
  yield* removeStaged(state, staged);
}

/**
 * Gives the staged file its name: the node's present one, which may have changed while data was copied. A file that has other
 * names below is linked into the index first.
 */
function* publish(
  state: OverlayState,
  node: OverlayNode,
  staged: Name,
  target: NodeId,
  attr: Attr,
): Op<void> {
  const { upper, work } = state.writable();
  const indexed = yield* enterOthers(state, node, target, attr);
  try {
    const { parent } = node;
    if (node.unlinked || parent === undefined) {
      // It is reached through the open handle, another name, or the reference that is held on it.
      const { fs } = upper;
      if (fs.unlink === undefined || fs.rmdir === undefined)
        return fail(ENOSYS, 'upper without unlink or rmdir');
      if (node.type === S_IFDIR) yield* wait(fs.rmdir(OWN_REQUEST, work, staged));
      else yield* wait(fs.unlink(OWN_REQUEST, work, staged));
    } else {
      const directory = parent.upper ?? fail(EIO, 'parent was not copied up');
      yield* markImpure(state, parent);
      const times = yield* directoryTimes(upper, directory);
      yield* renameUpper(upper, work, staged, directory, node.name);
      // To copy up is not to change the directory.
      yield* wait(upper.fs.setattr?.(OWN_REQUEST, directory, times, undefined));
    }
  } catch (error) {
    if (indexed !== undefined) yield* leaveIndex(state, indexed);
    throw error;
  }
  const [place] = node.lowers;
  // The copy's own count says it now.
  if (indexed !== undefined && place !== undefined && node.linksGone > 0)
    yield* keepLinksGone(state, state.layer(place.at), place, attr, 0);
}

/** Where other names find the copy; undefined: nowhere, or there are none. */
function* enterOthers(
  state: OverlayState,
  node: OverlayNode,
  target: NodeId,
  attr: Attr,
): Op<IndexName | undefined> {
  const nameless = node.unlinked || node.parent === undefined;
  const names = attr.nlink - node.linksGone;
  const own = nameless ? 0 : 1;
  const [place] = node.lowers;
  if (node.type === S_IFDIR || place === undefined || names <= own) return undefined;
  const layer = state.layer(place.at);
  const as = indexName(layer, place, attr);
  yield* keepLinks(state, target, names - own - 1);
  if (yield* enterIndex(state, target, as)) {
    return as;
  }
  yield* keepLinks(state, target, names - own);
  // Without the index the others find it by this node alone.
  node.pinned = true;
  return undefined;
}

function* directoryTimes(
  upper: LayerState,
  directory: NodeId,
): Op<{ atimeNs: bigint; mtimeNs: bigint }> {
  if (upper.fs.getattr === undefined) return fail(ENOSYS, 'upper without getattr');
  const { attr } = yield* wait(upper.fs.getattr(OWN_REQUEST, directory, undefined));
  return { atimeNs: attr.atimeNs, mtimeNs: attr.mtimeNs };
}

function* copyData(
  state: OverlayState,
  node: OverlayNode,
  upper: LayerState,
  target: NodeId,
  fh: Handle,
  size: number,
): Op<void> {
  const source = yield* dataPlace(state, node);
  const fd = source.layer.fs.hostFd?.(source.node, 0);
  if (fd !== undefined) {
    try {
      if (upper.fs.copyFrom !== undefined)
        return yield* wait(upper.fs.copyFrom(OWN_REQUEST, target, fh, fd, size));
    } finally {
      source.layer.fs.closeHostFd?.(fd);
    }
  }
  const from = yield* borrow(state, node, false);
  try {
    yield* copyBytes(from, upper, target, fh, size);
  } finally {
    giveBack(state, node, from);
  }
}

function* copyBytes(
  from: Borrowed,
  upper: LayerState,
  target: NodeId,
  fh: Handle,
  size: number,
): Op<void> {
  const below = from.layer.fs;
  if (below.read === undefined || upper.fs.write === undefined)
    return fail(ENOSYS, 'layer without read or write');
  const buffer = Buffer.allocUnsafe(Math.min(CHUNK, size));
  for (let at = 0; at < size;) {
    const want = Math.min(buffer.length, size - at);
    const into = buffer.subarray(0, want);
    const got = yield* wait(below.read(OWN_REQUEST, from.node, from.fh, at, into, 0));
    if (got === 0) fail(EIO, `lower file ended at ${at} of ${size} bytes`);
    for (let done = 0; done < got;) {
      const wrote = yield* wait(
        upper.fs.write(OWN_REQUEST, target, fh, at + done, buffer.subarray(done, got), {
          flags: 0,
          cached: false,
          killSuidgid: false,
        }),
      );
      if (wrote === 0) fail(EIO, 'upper wrote nothing');
      done += wrote;
    }
    at += got;
  }
}

/** Extended attributes first, then owner and mode together (a change of owner clears set-id bits), times last. */
function* copyAttributes(
  state: OverlayState,
  layer: LayerState,
  node: NodeId,
  target: NodeId,
  attr: Attr,
  fh: Handle | undefined,
): Op<void> {
  const { upper } = state.writable();
  yield* copyXattrs(layer, upper, node, target);
  yield* handOn(layer, node, upper, target, typeOf(attr));
  if (upper.fs.setattr === undefined) fail(ENOSYS, 'upper without setattr');
  const link = (attr.mode & 0o170000) === S_IFLNK;
  yield* wait(
    upper.fs.setattr(
      OWN_REQUEST,
      target,
      {
        uid: attr.uid,
        gid: attr.gid,
        ...(link ? {} : { mode: attr.mode & 0o7777 }),
        atimeNs: attr.atimeNs,
        mtimeNs: attr.mtimeNs,
      },
      fh,
    ),
  );
}

function* copyXattrs(layer: LayerState, upper: LayerState, node: NodeId, target: NodeId): Op<void> {
  const { fs } = layer;
  if (fs.listxattr === undefined || fs.getxattr === undefined) return;
  if (upper.fs.setxattr === undefined) return;
  let names: readonly Name[];
  try {
    names = yield* wait(fs.listxattr(OWN_REQUEST, node));
  } catch (error) {
    if (isErrno(error, EOPNOTSUPP, ENOSYS)) return;
    throw error;
  }
  for (const name of names) {
    // A lower layer's marks say what it is there, not what the copy is; an escaped one is a user's.
    if (layer.marked && name.startsWith(layer.xattrPrefix) && !isEscaped(layer, name)) continue;
    try {
      const value = yield* wait(fs.getxattr(OWN_REQUEST, node, name));
      if (value === undefined) continue;
      yield* wait(upper.fs.setxattr(OWN_REQUEST, target, name, Buffer.from(value), 0, false));
    } catch (error) {
      if (isErrno(error, ENODATA)) continue;
      if (isErrno(error, EOPNOTSUPP) && !name.startsWith('security.')) throw error;
    }
  }
}

function isEscaped(layer: LayerState, name: Name): boolean {
  return name.startsWith(`${layer.xattrPrefix}overlay.`);
}

function* copyOther(state: OverlayState, node: OverlayNode, attr: Attr): Op<void> {
  const { upper, work } = state.writable();
  const source = top(state, node);
  const staged = state.temporaryName();
  const { fs } = upper;
  if (fs.mkdir === undefined || fs.symlink === undefined || fs.mknod === undefined)
    return fail(ENOSYS, 'upper cannot make this type');
  let made;
  if (node.type === S_IFDIR) made = yield* wait(fs.mkdir(OWN_REQUEST, work, staged, 0o700, 0));
  else if (node.type === S_IFLNK) {
    if (source.layer.fs.readlink === undefined) return fail(ENOSYS, 'layer without readlink');
    const target = yield* wait(source.layer.fs.readlink(OWN_REQUEST, source.node));
    made = yield* wait(fs.symlink(OWN_REQUEST, work, staged, target));
  } else made = yield* wait(fs.mknod(OWN_REQUEST, work, staged, attr.mode, attr.rdev, 0));
  try {
    yield* copyAttributes(state, source.layer, source.node, made.node, attr, undefined);
    if (node.type !== S_IFDIR) {
      yield* markOrigin(state, node, source.layer, source.node, made.node, attr);
    }
    yield* publish(state, node, staged, made.node, attr);
  } catch (error) {
    yield* abandon(state, upper, made.node, undefined, staged);
    throw error;
  }
  setUpper(state, node, made.node);
}

/**
 * Marks the copy with what it came from, so that its inode number stays after a remount: the kernel's origin where the layer
 * has file handles, else the number itself.
 */
function* markOrigin(
  state: OverlayState,
  node: OverlayNode,
  layer: LayerState,
  lower: NodeId,
  target: NodeId,
  attr: Attr,
): Op<void> {
  const { upper } = state.writable();
  const origin = layer.fs.originOf?.(lower);
  try {
    if (origin !== undefined) yield* setMark(upper, OWN_REQUEST, target, 'origin', origin);
    else {
      const number = Buffer.alloc(8);
      number.writeBigUInt64LE(node.lowers.length > 0 ? node.ino : shownIno(layer, attr.ino));
      yield* setMark(upper, OWN_REQUEST, target, 'ino', number);
    }
  } catch (error) {
    // Symbolic links and devices take no user.* attributes: their number then changes at a remount.
    if (!isErrno(error, EOPNOTSUPP, EPERM)) throw error;
  }
}

/** Says that a directory holds entries whose number comes from below, so that others need not be asked. */
export function* markImpure(state: OverlayState, directory: OverlayNode): Op<void> {
  const { upper } = state.writable();
  if (directory.impure === true || directory.upper === undefined) return;
  if ((yield* getMark(upper, OWN_REQUEST, directory.upper, 'impure')) === undefined) {
    try {
      yield* setMark(upper, OWN_REQUEST, directory.upper, 'impure', YES);
    } catch (error) {
      if (!isErrno(error, EOPNOTSUPP)) throw error;
      return;
    }
  }
  directory.impure = true;
}
