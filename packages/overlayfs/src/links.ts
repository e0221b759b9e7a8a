import type { Attr, Entry, Name, NodeId } from '@scorpiofs/fuse';
import {
  EEXIST,
  EMLINK,
  ENODATA,
  ENOENT,
  ENOSYS,
  EOPNOTSUPP,
  EPERM,
  fail,
  isErrno,
} from './errno.js';
import { shownIno, type LayerState } from './layers.js';
import { getMark, setMark } from './marks.js';
import { isDirectory, isWhiteout, S_IFREG, typeOf } from './mode.js';
import type { LayerNode, OverlayNode } from './node.js';
import { wait, type Op } from './run.js';
import { FURTHER_LINK, OWN_REQUEST, type OverlayState } from './state.js';
import { listLayer, unlinkUpper } from './work.js';

/**
 * Names of a lower file with several links find its copy through an index in the work directory, also after a remount. Its
 * form is that of the kernel's overlay with `index=on` (fs/overlayfs/copy_up.c, ovl_get_index_name): `index/<origin in hex>` is
 * a further link of the copy. Where a layer has no file handles: `links/i<number in hex>`.
 */
type IndexDirectory = 'index' | 'links';

export interface IndexName {
  readonly directory: IndexDirectory;
  readonly name: Name;
}

export const INDEX_DIRECTORIES: readonly IndexDirectory[] = ['index', 'links'];
/** An empty file that says how many names of a file that was not copied up are gone: not the kernel's. */
const GONE = 'g';

/** The name in the index for a file of a lower layer. */
export function indexName(layer: LayerState, { node }: LayerNode, attr: Attr): IndexName {
  const origin = layer.fs.originOf?.(node);
  return origin === undefined ? numbered(shownIno(layer, attr.ino)) : byHandle(origin);
}

/** The same from the marks of the copy. */
function* indexNameOfCopy(upper: LayerState, node: NodeId): Op<IndexName | undefined> {
  const origin = yield* getMark(upper, OWN_REQUEST, node, 'origin');
  if (origin !== undefined) return byHandle(origin);
  const number = yield* getMark(upper, OWN_REQUEST, node, 'ino');
  if (number?.length !== 8) return undefined;
  return numbered(Buffer.from(number).readBigUInt64LE());
}

function numbered(ino: bigint): IndexName {
  return { directory: 'links', name: `i${ino.toString(16)}` as Name };
}

function byHandle(origin: Uint8Array): IndexName {
  return { directory: 'index', name: Buffer.from(origin).toString('hex') as Name };
}

/** The copy of a lower file, whatever name it was copied up under; the reference is the caller's. */
export function* findCopy(
  state: OverlayState,
  layer: LayerState,
  place: LayerNode,
  attr: Attr,
): Op<Entry | undefined> {
  const { upper } = state;
  if (upper === undefined) return undefined;
  const { directory, name } = indexName(layer, place, attr);
  const index = yield* openIndex(state, directory);
  if (index === undefined) return undefined;
  const entry = yield* upper.find(OWN_REQUEST, index, name);
  if (entry === undefined) return undefined;
  if (typeOf(entry.attr) !== typeOf(attr)) {
    upper.forget(entry.node);
    return undefined;
  }
  // The kernel's overlay ended while it linked the copy: the count still refers to the lower file.
  const count = yield* linkMark(upper, entry.node);
  if (count?.of === 'lower')
    yield* keepLinks(state, entry.node, attr.nlink + count.more - entry.attr.nlink);
  return entry;
}

/**
 * Links a staged copy into the index; false where the upper has no links or takes none of this file. It then has two links,
 * and two when its staged name has become its name or is gone: its count is right at each step.
 */
export function* enterIndex(state: OverlayState, copy: NodeId, as: IndexName): Op<boolean> {
  const { upper } = state.writable();
  const { fs } = upper;
  if (fs.link === undefined || state.noIndex) return false;
  const index = yield* openIndex(state, as.directory, true);
  if (index === undefined) return false;
  for (let again = true; ; again = false) {
    try {
      upper.forget((yield* wait(fs.link(OWN_REQUEST, copy, index, as.name))).node);
      return true;
    } catch (error) {
      if (!isErrno(error, EPERM, EOPNOTSUPP, ENOSYS, EMLINK, EEXIST)) throw error;
      // What is there was not found as the copy of this file: it is of another type.
      if (again && isErrno(error, EEXIST)) yield* leaveIndex(state, as);
      else return false;
    }
  }
}

export function* leaveIndex(state: OverlayState, { directory, name }: IndexName): Op<void> {
  const { upper } = state.writable();
  const index = yield* openIndex(state, directory);
  if (index === undefined) return;
  try {
    yield* unlinkUpper(upper, index, name);
  } catch (error) {
    if (!isErrno(error, ENOENT)) throw error;
  }
}

/**
 * Killed between index and name: the copy holds nothing that was written since. When another engine has given it names
 * meanwhile, only the staged one goes, which counted.
 */
function* undoStaged(state: OverlayState, { node, attr }: Entry): Op<void> {
  const { upper } = state.writable();
  const count = yield* linkMark(upper, node);
  if (count?.of !== 'upper') return;
  const as = yield* indexNameOfCopy(upper, node);
  if (as !== undefined && attr.nlink === 2) yield* leaveIndex(state, as);
  else yield* keepLinks(state, node, count.more + 1);
}

/** After the last name of a copy is gone. */
export function* dropCopy(state: OverlayState, node: OverlayNode): Op<void> {
  const { upper } = state.writable();
  if (node.upper === undefined) return;
  const as = yield* indexNameOfCopy(upper, node.upper);
  if (as !== undefined) yield* leaveIndex(state, as);
}

/** How many names of a lower file are gone that was not copied up since. */
export function* linksGone(
  state: OverlayState,
  layer: LayerState,
  place: LayerNode,
  attr: Attr,
): Op<number> {
  const { upper } = state;
  if (upper === undefined) return 0;
  const index = yield* openIndex(state, 'links');
  if (index === undefined) return 0;
  const entry = yield* upper.find(OWN_REQUEST, index, goneName(indexName(layer, place, attr)));
  if (entry === undefined) return 0;
  const count = yield* linkMark(upper, entry.node);
  upper.forget(entry.node);
  return count?.of === 'lower' && count.more < 0 ? -count.more : 0;
}

/** Keeps that number for the next mount; 0: nothing needs to be kept. */
export function* keepLinksGone(
  state: OverlayState,
  layer: LayerState,
  place: LayerNode,
  attr: Attr,
  gone: number,
): Op<void> {
  const { upper } = state.writable();
  const name = goneName(indexName(layer, place, attr));
  const left = gone === 0 || gone >= attr.nlink;
  const index = yield* openIndex(state, 'links', !left);
  if (index === undefined) return;
  if (left) return yield* leaveIndex(state, { directory: 'links', name });
  if (upper.fs.mknod === undefined) return;
  let entry = yield* upper.find(OWN_REQUEST, index, name);
  entry ??= yield* wait(upper.fs.mknod(OWN_REQUEST, index, name, S_IFREG | 0o600, 0, 0));
  try {
    yield* setMark(upper, OWN_REQUEST, entry.node, 'nlink', Buffer.from(`L-${gone}`));
  } catch (error) {
    if (!isErrno(error, EOPNOTSUPP, EPERM)) throw error;
  } finally {
    upper.forget(entry.node);
  }
}

function goneName({ name }: IndexName): Name {
  return (GONE + name) as Name;
}

/**
 * Before the first operation, and before staged files are removed: an index that belongs to another upper is emptied, since its files are not in this one, and
 * copies whose last name went just before a kill are dropped.
 */
export function* prepareIndex(state: OverlayState): Op<void> {
  const { upper, work } = state.writable();
  for (const { name } of yield* listLayer(upper, OWN_REQUEST, work)) {
    if (!name.startsWith('#') || name.endsWith(FURTHER_LINK)) continue;
    const entry = yield* upper.find(OWN_REQUEST, work, name);
    if (entry === undefined) continue;
    try {
      if (!isDirectory(entry.attr) && !isWhiteout(entry.attr) && entry.attr.nlink > 1)
        yield* undoStaged(state, entry);
    } finally {
      upper.forget(entry.node);
    }
  }
  for (const directory of INDEX_DIRECTORIES) {
    const index = yield* openIndex(state, directory);
    if (index === undefined) continue;
    const foreign = !(yield* belongs(upper, index));
    for (const { name } of yield* listLayer(upper, OWN_REQUEST, index)) {
      const entry = yield* upper.find(OWN_REQUEST, index, name);
      if (entry === undefined) continue;
      try {
        if (isDirectory(entry.attr) || isWhiteout(entry.attr)) continue;
        if (foreign || (yield* isOrphan(upper, entry))) yield* unlinkUpper(upper, index, name);
      } finally {
        upper.forget(entry.node);
      }
    }
    if (foreign) yield* claim(upper, index);
  }
}

function* isOrphan(upper: LayerState, { node, attr }: Entry): Op<boolean> {
  if (attr.nlink !== 1) return false;
  const count = yield* linkMark(upper, node);
  return count === undefined || (count.of === 'upper' && attr.nlink + count.more <= 0);
}

/** What tells one upper from another: the kernel's `trusted.overlay.upper` of its index. */
function* identity(upper: LayerState): Op<Buffer> {
  const origin = upper.fs.originOf?.(upper.root);
  if (origin !== undefined) {
    const bytes = Buffer.from(origin);
    bytes[FLAGS] = (bytes[FLAGS] ?? 0) | PATH_UPPER;
    return bytes;
  }
  if (upper.fs.getattr === undefined) return fail(ENOSYS, 'upper without getattr');
  const { attr } = yield* wait(upper.fs.getattr(OWN_REQUEST, upper.root, undefined));
  const number = Buffer.alloc(8);
  number.writeBigUInt64LE(attr.ino);
  return number;
}

/** In struct ovl_fb: `flags`, and OVL_FH_FLAG_PATH_UPPER. */
const FLAGS = 3;
const PATH_UPPER = 4;

function* belongs(upper: LayerState, index: NodeId): Op<boolean> {
  const mark = yield* getMark(upper, OWN_REQUEST, index, 'upper');
  return mark !== undefined && (yield* identity(upper)).equals(mark);
}

function* claim(upper: LayerState, index: NodeId): Op<void> {
  yield* setMark(upper, OWN_REQUEST, index, 'upper', yield* identity(upper));
}

/** The open directory of the index. An upper that takes no marks has none. */
export function* openIndex(
  state: OverlayState,
  directory: IndexDirectory,
  make = false,
): Op<NodeId | undefined> {
  const known = state.index.get(directory);
  if (known !== undefined && (known !== null || !make)) return known ?? undefined;
  const { upper } = state;
  const work = upper?.work;
  if (upper === undefined || work === undefined) return undefined;
  const name = directory as string as Name;
  let entry = yield* upper.find(OWN_REQUEST, work, name);
  if (entry === undefined && make && upper.fs.mkdir !== undefined && !state.noIndex) {
    entry = yield* wait(upper.fs.mkdir(OWN_REQUEST, work, name, 0o700, 0));
    try {
      yield* claim(upper, entry.node);
    } catch (error) {
      if (!isErrno(error, EOPNOTSUPP, EPERM, ENODATA)) throw error;
      // Nothing would tell the index of this upper from that of another.
      state.noIndex = true;
      upper.forget(entry.node);
      if (upper.fs.rmdir === undefined) return fail(ENOSYS, 'upper without rmdir');
      yield* wait(upper.fs.rmdir(OWN_REQUEST, work, name));
      entry = undefined;
    }
  }
  const late = state.index.get(directory);
  if (late !== undefined && late !== null) {
    if (entry !== undefined) upper.forget(entry.node);
    return late;
  }
  state.index.set(directory, entry?.node ?? null);
  return entry?.node;
}

/** A link count, relative to the links that a file has in the upper or has below (`trusted.overlay.nlink`). */
interface LinkMark {
  readonly of: 'upper' | 'lower';
  readonly more: number;
}

export function* linkMark(upper: LayerState, node: NodeId): Op<LinkMark | undefined> {
  const mark = yield* getMark(upper, OWN_REQUEST, node, 'nlink');
  if (mark === undefined) return undefined;
  const [, of, more] = /^([UL])([+-]\d{1,9})$/.exec(Buffer.from(mark).toString('latin1')) ?? [];
  return more === undefined
    ? undefined
    : { of: of === 'U' ? 'upper' : 'lower', more: Number(more) };
}

/** The names that a copied-up file has in all, `links` of them in the upper. */
export function* countLinks(upper: LayerState, node: NodeId, links: number): Op<number> {
  const count = yield* linkMark(upper, node);
  return count?.of === 'upper' ? Math.max(0, links + count.more) : links;
}

/** Changes how many names below still count for a copied-up hard link. */
export function* adjustLinks(state: OverlayState, node: OverlayNode, change: number): Op<void> {
  const { upper } = state;
  if (upper === undefined || node.upper === undefined) return;
  const count = yield* linkMark(upper, node.upper);
  if (count?.of === 'upper') yield* keepLinks(state, node.upper, count.more + change);
}

/** `more`: names besides the upper's own links. The kernel's form. */
export function* keepLinks(state: OverlayState, node: NodeId, more: number): Op<void> {
  const { upper } = state.writable();
  const value = Buffer.from(`U${more < 0 ? '-' : '+'}${Math.abs(more)}`);
  try {
    yield* setMark(upper, OWN_REQUEST, node, 'nlink', value);
  } catch (error) {
    if (!isErrno(error, EOPNOTSUPP, EPERM)) throw error;
  }
}
