import type { Handle, Maybe, NodeId, OpenReply } from '@scorpiofs/fuse';
import { EACCES, EIO, ENOSYS, EPERM, EROFS, ETXTBSY, fail, isErrno } from './errno.js';
import type { LayerState } from './layers.js';
import { dataPlace } from './metacopy.js';
import { S_IFREG } from './mode.js';
import type { OpenLayer, OverlayNode } from './node.js';
import { run, wait, type Op } from './run.js';
import { OWN_REQUEST, top, type OverlayState } from './state.js';

const O_RDONLY = 0;
const O_RDWR = 2;
const NO_HANDLE = 0 as Handle;

/** Layer files kept open for nodes that are not open by an unlinked name or a pending write. */
const KEPT_OPEN = 256;

/** 512-byte units. Freeing more takes time: that long a file is not closed on the event loop. */
const SMALL = 2048;

/** A layer file in use by one operation. */
export interface Borrowed {
  readonly layer: LayerState;
  readonly node: NodeId;
  readonly fh: Handle;
  readonly open: OpenLayer | undefined;
}

/**
 * Works with the layer file behind a node. It is opened when first needed and kept: the kernel does not say when files are
 * opened and closed (OPEN is answered ENOSYS), so reads and writes come by node. Least recently used ones are closed, but
 * not while somebody uses them; one whose last name is gone stays until FORGET, since nothing could open it again.
 */
export function* withData<T>(
  state: OverlayState,
  node: OverlayNode,
  writable: boolean,
  work: (data: Borrowed) => Maybe<T>,
): Op<T> {
  const data = yield* borrow(state, node, writable);
  try {
    return yield* wait(work(data));
  } finally {
    giveBack(state, node, data);
  }
}

/** As `withData`, for work of several steps: every borrowed file must be given back. */
export function* borrow(state: OverlayState, node: OverlayNode, writable: boolean): Op<Borrowed> {
  node.told = false;
  if (!node.whole && node.dataAt === undefined) yield* openTop(state, node, writable);
  const { layer, node: id } = node.whole ? top(state, node) : yield* dataPlace(state, node);
  if (writable && layer !== state.upper) fail(EROFS, 'write to a lower layer');
  const kept = usable(node, layer, writable);
  if (kept === undefined && layer.fs.open === undefined)
    return { layer, node: id, fh: NO_HANDLE, open: undefined };
  const open = kept ?? (yield* openNow(state, node, layer, id, writable));
  open.users++;
  if (writable) open.small = false;
  if (node.open === open) touch(state, node);
  return { layer, node: id, fh: open.fh, open };
}

/**
 * Whether the topmost layer's file holds the data itself is read from that file (metacopy.ts). Mostly it does and is opened anyway; when
 * it is open before, the question takes one call instead of three.
 */
function* openTop(state: OverlayState, node: OverlayNode, writable: boolean): Op<void> {
  const { layer, node: id } = top(state, node);
  if (!layer.marked || layer.fs.open === undefined || (writable && layer !== state.upper)) return;
  if (node.type === S_IFREG && usable(node, layer, writable) === undefined)
    adopt(state, node, yield* openLayer(state, layer, id, writable));
}

function usable(node: OverlayNode, layer: LayerState, writable: boolean): OpenLayer | undefined {
  const { open } = node;
  return open !== undefined && open.at === layer.at && (open.writable || !writable)
    ? open
    : undefined;
}

export function giveBack(state: OverlayState, node: OverlayNode, { open }: Borrowed): void {
  if (open !== undefined) letGo(state, node, open);
}

/** Works with the upper's file that is open for writing already; undefined: there is none. */
export function withOpen<T>(
  state: OverlayState,
  node: OverlayNode,
  work: (fh: Handle) => Maybe<T>,
): Maybe<T> | undefined {
  const { open } = node;
  if (open === undefined || !node.whole || node.upper === undefined) return undefined;
  if (open.at !== 0 || !open.writable) return undefined;
  open.users++;
  open.small = false;
  node.told = false;
  touch(state, node);
  let result: Maybe<T>;
  try {
    result = work(open.fh);
  } catch (error) {
    letGo(state, node, open);
    throw error;
  }
  if (result instanceof Promise) return result.finally(() => letGo(state, node, open));
  letGo(state, node, open);
  return result;
}

function letGo(state: OverlayState, node: OverlayNode, open: OpenLayer): void {
  open.users--;
  if (open.users === 0 && node.open !== open) closeLayer(state, node, open);
}

function* openNow(
  state: OverlayState,
  node: OverlayNode,
  layer: LayerState,
  id: NodeId,
  writable: boolean,
): Op<OpenLayer> {
  const open = yield* openLayer(state, layer, id, writable);
  // Others may have opened it meanwhile, or copied it up.
  const other = usable(node, layer, writable);
  if (other !== undefined) {
    closeLayer(state, node, open);
    return other;
  }
  if ((yield* dataPlace(state, node)).layer === layer) {
    closeData(state, node);
    adopt(state, node, open);
  }
  return open;
}

function* openLayer(
  state: OverlayState,
  layer: LayerState,
  id: NodeId,
  writable: boolean,
): Op<OpenLayer> {
  const { fs } = layer;
  if (fs.open === undefined) return fail(ENOSYS, 'layer without open');
  // An upper file is opened for both at once: its next use is likely a write.
  if (layer === state.upper) {
    try {
      return openLayerFile(layer.at, yield* wait(fs.open(OWN_REQUEST, id, O_RDWR)), true);
    } catch (error) {
      // Without root's rights a file may be readable and no more.
      if (writable || !isErrno(error, EACCES, EPERM, EROFS, ETXTBSY)) throw error;
    }
  }
  return openLayerFile(layer.at, yield* wait(fs.open(OWN_REQUEST, id, O_RDONLY)), false);
}

export function openLayerFile(
  at: number,
  { fh, backingFd }: OpenReply,
  writable: boolean,
): OpenLayer {
  return { at, fh, writable, backingFd, users: 0, small: false };
}

/** Opens the file now and keeps it: its last name is about to go. `blocks`: how large it is. */
export function* keepOpen(state: OverlayState, node: OverlayNode, blocks: number): Op<void> {
  const file = yield* borrow(state, node, false);
  // With passthrough the kernel may write to it unseen.
  if (file.open !== undefined) file.open.small = blocks <= SMALL && !state.opensFiles;
  giveBack(state, node, file);
}

/** The same without steps where it is open already. */
export function keepOpenNow(state: OverlayState, node: OverlayNode, blocks: number): Maybe<void> {
  const { open } = node;
  if (open === undefined) return run(keepOpen(state, node, blocks));
  open.small = blocks <= SMALL && !state.opensFiles;
}

/** Takes over an open layer file as the one behind the node. */
export function adopt(state: OverlayState, node: OverlayNode, open: OpenLayer): void {
  if (node.open !== undefined) return closeLayer(state, node, open);
  node.open = open;
  touch(state, node);
  if (state.openNodes.size > KEPT_OPEN) evict(state, node);
}

function touch(state: OverlayState, node: OverlayNode): void {
  state.openNodes.delete(node);
  state.openNodes.add(node);
}

/** `opened`: the newest, which its caller is about to use; it may be the only one that has a name. */
function evict(state: OverlayState, opened: OverlayNode): void {
  for (const node of state.openNodes) {
    if (node.unlinked || node === opened) continue;
    closeData(state, node);
    return;
  }
}

export function closeData(state: OverlayState, node: OverlayNode): void {
  const { open } = node;
  if (open === undefined) return;
  node.open = undefined;
  state.openNodes.delete(node);
  // Whoever uses it closes it: its number may mean another file as soon as it is free.
  if (open.users === 0) closeLayer(state, node, open);
}

function closeLayer(state: OverlayState, node: OverlayNode, open: OpenLayer): void {
  const layer = state.layer(open.at);
  const inLayer =
    layer === state.upper ? node.upper : node.lowers.find((l) => l.at === open.at)?.node;
  if (inLayer === undefined) return fail(EIO, `node ${node.id} is open in a layer it is not in`);
  const { fs } = layer;
  const done =
    (node.unlinked && !open.small) || fs.releaseQuick === undefined
      ? fs.release?.(OWN_REQUEST, inLayer, open.fh, 0)
      : fs.releaseQuick(OWN_REQUEST, inLayer, open.fh);
  // A release has no one to report to; the layer closes its descriptor whatever happened before.
  if (done instanceof Promise) done.catch(() => undefined);
}
