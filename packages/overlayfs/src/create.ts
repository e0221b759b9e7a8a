import type {
  Entry,
  Handle,
  Layer,
  Maybe,
  Name,
  NodeId,
  OpenReply,
  Request,
} from '@scorpiofs/fuse';
import { entryNow, entryOf, shownNow } from './attr.js';
import { copyUp } from './copy-up.js';
import { adopt, openLayerFile } from './data-handle.js';
import { EEXIST, ENOSYS, EOPNOTSUPP, EPERM, fail, isErrno } from './errno.js';
import type { LayerState } from './layers.js';
import { makeEntry, shapeOf } from './make-entry.js';
import { S_IFCHR, S_IFDIR, S_IFMT, S_IFREG } from './mode.js';
import { intern, internHeld } from './node-table.js';
import type { OverlayNode } from './node.js';
import { grant } from './open.js';
import { attrTtl } from './opens.js';
import { freeIn, isOwn } from './own.js';
import { run, wait, type Op } from './run.js';
import type { OverlayState } from './state.js';

interface Created {
  readonly entry: Entry;
  readonly open: OpenReply;
}

function* mknod(
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

function* mkdir(
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
  node.impure = false;
  return yield* entryOf(state, node, entry.attr);
}

function* symlink(
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

/** Something new in the upper, and the kernel's reference on it. */
interface Made {
  readonly node: OverlayNode;
  readonly entry: Entry;
}

function* makeFile(
  state: OverlayState,
  req: Request,
  parent: OverlayNode,
  name: Name,
  mode: number,
  flags: number,
  umask: number,
): Op<Made> {
  const { upper } = state.writable();
  let open: OpenReply | undefined;
  const { node, entry } = yield* makeEntry(state, req, parent, name, false, function* (to, as) {
    if (upper.fs.create === undefined) return fail(ENOSYS, 'upper without create');
    const made = yield* wait(upper.fs.create(req, to, as, mode, flags, umask));
    open = made.open;
    return made.entry;
  });
  node.whole = true;
  if (open !== undefined) adopt(state, node, openLayerFile(0, open, true));
  return { node, entry: yield* entryOf(state, node, entry.attr) };
}

/**
 * Makes something without steps at a name that is free if it is free in the upper (`freeIn`). Only where something is there, which may
 * be a whiteout, is more to be looked at. `at`: undefined where that is not so. `make`: undefined where the upper cannot.
 */
function makeInPlace<T, R>(
  state: OverlayState,
  at: NodeId | undefined,
  make: (fs: Layer, at: NodeId) => Maybe<T> | undefined,
  take: (upper: LayerState, made: T) => R,
  inSteps: () => Maybe<R>,
): Maybe<R> {
  const { upper } = state;
  if (upper === undefined || at === undefined) return inSteps();
  const failed = (error: unknown) => {
    if (isErrno(error, EEXIST)) return inSteps();
    throw error;
  };
  let made: Maybe<T> | undefined;
  try {
    made = make(upper.fs, at);
  } catch (error) {
    return failed(error);
  }
  if (made === undefined) return inSteps();
  return made instanceof Promise ? made.then((all) => take(upper, all), failed) : take(upper, made);
}

/** What is new in the upper, with the kernel's reference on it. */
function taken(
  state: OverlayState,
  upper: LayerState,
  parent: OverlayNode,
  name: Name,
  made: Entry,
): Made {
  const node = internHeld(state, parent, name, shapeOf(upper, made));
  parent.listing?.set(name, node.ino, node.type);
  if (node.type === S_IFDIR) node.impure = false;
  // It has one name and, if it is a file, its own data.
  if (node.type === S_IFREG) node.whole = node.bare = true;
  return { node, entry: entryNow(state, node, shownNow(node, made.attr) ?? made.attr) };
}

export function mkdirNow(
  state: OverlayState,
  req: Request,
  parent: OverlayNode,
  name: Name,
  mode: number,
  umask: number,
): Maybe<Entry> {
  return makeInPlace(
    state,
    // A directory would show what lies below.
    isOwn(state, parent) ? parent.upper : undefined,
    (fs, at) => fs.mkdir?.(req, at, name, mode, umask),
    (upper, made) => taken(state, upper, parent, name, made).entry,
    () => run(mkdir(state, req, parent, name, mode, umask)),
  );
}

export function symlinkNow(
  state: OverlayState,
  req: Request,
  parent: OverlayNode,
  name: Name,
  target: Uint8Array,
): Maybe<Entry> {
  return makeInPlace(
    state,
    freeIn(state, parent, name),
    (fs, at) => fs.symlink?.(req, at, name, target),
    (upper, made) => taken(state, upper, parent, name, made).entry,
    () => run(symlink(state, req, parent, name, target)),
  );
}

function makeFileNow(
  state: OverlayState,
  req: Request,
  parent: OverlayNode,
  name: Name,
  mode: number,
  flags: number,
  umask: number,
): Maybe<Made> {
  return makeInPlace(
    state,
    freeIn(state, parent, name),
    (fs, at) => fs.create?.(req, at, name, mode, flags, umask),
    (upper, created) => {
      const made = taken(state, upper, parent, name, created.entry);
      adopt(state, made.node, openLayerFile(0, created.open, true));
      return made;
    },
    () => run(makeFile(state, req, parent, name, mode, flags, umask)),
  );
}

/** Only in mode `passthrough`. */
export function create(
  state: OverlayState,
  req: Request,
  parent: OverlayNode,
  name: Name,
  mode: number,
  flags: number,
  umask: number,
): Maybe<Created> {
  const made = makeFileNow(state, req, parent, name, mode, readWrite(flags) | O_EXCL, umask);
  const open = ({ node, entry }: Made) => granted(state, node, entry, flags);
  return made instanceof Promise ? made.then(open) : open(made);
}

/**
 * In mode `by-node` a program's new files are made with this (the kernel does without CREATE, and so without a RELEASE): they
 * are opened as they are made, since what comes next is a write.
 */
export function mknodNow(
  state: OverlayState,
  req: Request,
  parent: OverlayNode,
  name: Name,
  mode: number,
  rdev: number,
  umask: number,
): Maybe<Entry> {
  if ((mode & S_IFMT) !== S_IFREG || state.upper?.fs.create === undefined)
    return run(mknod(state, req, parent, name, mode, rdev, umask));
  const made = makeFileNow(state, req, parent, name, mode, O_RDWR | O_EXCL, umask);
  return made instanceof Promise ? made.then(({ entry }) => entry) : made.entry;
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
  return granted(state, node, yield* entryOf(state, node, made.entry.attr), flags);
}

/** The new file as the kernel gets it: open. */
function granted(state: OverlayState, node: OverlayNode, entry: Entry, flags: number): Created {
  if (!state.opensFiles) return { entry, open: OPEN };
  const file = { layer: state.layer(0), open: node.open };
  const open = grant(state, node.id, node, file, flags, true);
  return { entry: { ...entry, attrTtl: attrTtl(state, node, node.id) }, open };
}

/** Data is reached by node; the handle given out means nothing, and pages stay. */
const OPEN: OpenReply = { fh: 0 as Handle, keepCache: true, noFlush: true };

const O_ACCMODE = 3;
const O_APPEND = 0o2000;
const O_EXCL = 0o200;
const O_RDWR = 2;

/** One handle serves all readers and writers of the node; offsets come from the kernel, so no append mode below. */
function readWrite(flags: number): number {
  return (flags & ~O_ACCMODE & ~O_APPEND) | O_RDWR;
}
