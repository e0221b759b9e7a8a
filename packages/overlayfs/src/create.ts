import type { Attr, Entry, Handle, Maybe, Name, OpenReply, Request } from '@scorpiofs/fuse';
import { entryNow, entryOf, shownNow } from './attr.js';
import { copyUp } from './copy-up.js';
import { adopt, openLayerFile } from './data-handle.js';
import { EEXIST, ENOSYS, EOPNOTSUPP, EPERM, fail, isErrno } from './errno.js';
import type { LayerState } from './layers.js';
import { makeEntry, shapeOf } from './make-entry.js';
import { S_IFCHR, S_IFMT } from './mode.js';
import { intern, internHeld } from './node-table.js';
import type { OverlayNode } from './node.js';
import { grant } from './open.js';
import { attrTtl } from './opens.js';
import { isOwn } from './own.js';
import { run, wait, type Op } from './run.js';
import type { OverlayState } from './state.js';

interface Created {
  readonly entry: Entry;
  readonly open: OpenReply;
}

export function* mknod(
  state: OverlayState,
  req: Request,
  parent: OverlayNode,
  name: Name,
  mode: number,
  rdev: number,
  umask: number,
): Op<Entry> {
  const { upper } = state.writable();
  // It would be a whiteout; the kernel's overlay refuses it too.
  if ((mode & S_IFMT) === S_IFCHR && rdev === 0) fail(EPERM, 'a character device 0:0 is a mark');
  const { node, entry } = yield* makeEntry(state, req, parent, name, false, function* (to, as) {
    if (upper.fs.mknod === undefined) return fail(ENOSYS, 'upper without mknod');
    return yield* wait(upper.fs.mknod(req, to, as, mode, rdev, umask));
  });
  return yield* entryOf(state, node, entry.attr);
}

export function* mkdir(
  state: OverlayState,
  req: Request,
  parent: OverlayNode,
  name: Name,
  mode: number,
  umask: number,
): Op<Entry> {
  const { upper } = state.writable();
  const { node, entry } = yield* makeEntry(state, req, parent, name, true, function* (to, as) {
    if (upper.fs.mkdir === undefined) return fail(ENOSYS, 'upper without mkdir');
    return yield* wait(upper.fs.mkdir(req, to, as, mode, umask));
  });
  return yield* entryOf(state, node, entry.attr);
}

export function* symlink(
  state: OverlayState,
  req: Request,
  parent: OverlayNode,
  name: Name,
  target: Uint8Array,
): Op<Entry> {
  const { upper } = state.writable();
  const { node, entry } = yield* makeEntry(state, req, parent, name, false, function* (to, as) {
    if (upper.fs.symlink === undefined) return fail(ENOSYS, 'upper without symlink');
    return yield* wait(upper.fs.symlink(req, to, as, target));
  });
  return yield* entryOf(state, node, entry.attr);
}

function* create(
  state: OverlayState,
  req: Request,
  parent: OverlayNode,
  name: Name,
  mode: number,
  flags: number,
  umask: number,
): Op<Created> {
  const { upper } = state.writable();
  let open: OpenReply | undefined;
  const { node, entry } = yield* makeEntry(state, req, parent, name, false, function* (to, as) {
    if (upper.fs.create === undefined) return fail(ENOSYS, 'upper without create');
    const made = yield* wait(upper.fs.create(req, to, as, mode, readWrite(flags) | O_EXCL, umask));
    open = made.open;
    return made.entry;
  });
  node.whole = true;
  if (open !== undefined) adopt(state, node, openLayerFile(0, open, true));
  return yield* opened(state, node, entry.attr, flags);
}

/**
 * As `create`, and mostly without steps: in a directory that only the upper has, a name that is free there is free. Only where
 * something is there, which may be a whiteout, is more to be looked at.
 */
export function createNow(
  state: OverlayState,
  req: Request,
  parent: OverlayNode,
  name: Name,
  mode: number,
  flags: number,
  umask: number,
): Maybe<Created> {
  const inSteps = () => run(create(state, req, parent, name, mode, flags, umask));
  const { upper } = state;
  if (!isOwn(state, parent) || upper?.fs.create === undefined) return inSteps();
  const failed = (error: unknown) => {
    if (isErrno(error, EEXIST)) return inSteps();
    throw error;
  };
  let made: Maybe<Created>;
  try {
    made = upper.fs.create(req, parent.upper, name, mode, readWrite(flags) | O_EXCL, umask);
  } catch (error) {
    return failed(error);
  }
  const take = (all: Created) => taken(state, upper, parent, name, all, flags);
  return made instanceof Promise ? made.then(take, failed) : take(made);
}

function taken(
  state: OverlayState,
  upper: LayerState,
  parent: OverlayNode,
  name: Name,
  made: Created,
  flags: number,
): Created {
  const node = internHeld(state, parent, name, shapeOf(upper, made.entry));
  parent.listing?.set(name, node.ino, node.type);
  node.whole = true;
  adopt(state, node, openLayerFile(0, made.open, true));
  // A new file has one name and its own data.
  const attr = shownNow(node, made.entry.attr) ?? made.entry.attr;
  const open = state.opensFiles ? granted(state, node, flags) : OPEN;
  return { entry: entryNow(state, node, attr), open };
}

export function* tmpfile(
  state: OverlayState,
  req: Request,
  parent: OverlayNode,
  mode: number,
  flags: number,
  umask: number,
): Op<Created> {
  const { upper } = state.writable();
  const target = yield* copyUp(state, parent);
  if (upper.fs.tmpfile === undefined) return fail(EOPNOTSUPP, 'upper without O_TMPFILE');
  const made = yield* wait(upper.fs.tmpfile(req, target, mode, readWrite(flags), umask));
  const node = intern(state, parent, '' as Name, shapeOf(upper, made.entry));
  node.unlinked = true;
  node.whole = true;
  adopt(state, node, openLayerFile(0, made.open, true));
  return yield* opened(state, node, made.entry.attr, flags);
}

/** The new file as the kernel gets it: open. */
function* opened(state: OverlayState, node: OverlayNode, attr: Attr, flags: number): Op<Created> {
  const entry = yield* entryOf(state, node, attr);
  if (!state.opensFiles) return { entry, open: OPEN };
  const open = granted(state, node, flags);
  return { entry: { ...entry, attrTtl: attrTtl(state, node, node.id) }, open };
}

function granted(state: OverlayState, node: OverlayNode, flags: number): OpenReply {
  return grant(state, node.id, node, { layer: state.layer(0), open: node.open }, flags, true);
}

/** Data is reached by node; the handle given out means nothing, and pages stay. */
export const OPEN: OpenReply = { fh: 0 as Handle, keepCache: true, noFlush: true };

const O_ACCMODE = 3;
const O_APPEND = 0o2000;
const O_EXCL = 0o200;
const O_RDWR = 2;

/** One handle serves all readers and writers of the node; offsets come from the kernel, so no append mode below. */
function readWrite(flags: number): number {
  return (flags & ~O_ACCMODE & ~O_APPEND) | O_RDWR;
}
