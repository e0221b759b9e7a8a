import type { Handle, NodeId } from '@scorpiofs/fuse';
import { EACCES, EIO, EPERM, EROFS, ETXTBSY, fail, isErrno } from './errno.js';
import { getMark } from './marks.js';
import type { LayerState } from './layers.js';
import type { OpenLayer, OverlayNode } from './node.js';
import { wait, type Op } from './run.js';
import { OWN_REQUEST, top, type OverlayState } from './state.js';

const O_RDONLY = 0;
const O_RDWR = 2;
const NO_HANDLE = 0 as Handle;

/** Layer files kept open for nodes that are not open by an unlinked name or a pending write. */
const KEPT_OPEN = 256;

/**
 * The layer file behind a node, opened when first needed and kept: the kernel does not say when files are opened and closed
 * (OPEN is answered ENOSYS), so reads and writes come by node. Least recently used ones are closed; one whose last name is
 * gone stays until FORGET, since nothing could open it again.
 */
export function* openData(
  state: OverlayState,
  node: OverlayNode,
  writable: boolean,
): Op<{ readonly layer: LayerState; readonly node: OverlayNode['id']; readonly fh: Handle }> {
  const where = top(state, node);
  if (writable && where.layer !== state.upper) fail(EROFS, 'write to a lower layer');
  const { open } = node;
  if (open !== undefined && open.at === where.layer.at && (open.writable || !writable)) {
    touch(state, node);
    return { layer: where.layer, node: where.node, fh: open.fh };
  }
  closeData(state, node);
  const { fs } = where.layer;
  if (fs.open === undefined) return { layer: where.layer, node: where.node, fh: NO_HANDLE };
  yield* refuseMetacopy(where.layer, where.node);
  // An upper file is opened for both at once: its next use is likely a write.
  if (where.layer === state.upper) {
    try {
      const { fh } = yield* wait(fs.open(OWN_REQUEST, where.node, O_RDWR));
      adopt(state, node, { at: where.layer.at, fh, writable: true });
      return { layer: where.layer, node: where.node, fh };
    } catch (error) {
      // Without root's rights a file may be readable and no more.
      if (writable || !isErrno(error, EACCES, EPERM, EROFS, ETXTBSY)) throw error;
    }
  }
  const { fh } = yield* wait(fs.open(OWN_REQUEST, where.node, O_RDONLY));
  adopt(state, node, { at: where.layer.at, fh, writable: false });
  return { layer: where.layer, node: where.node, fh };
}

/**
 * The kernel's overlay with `metacopy=on` leaves a file's data below and a hole of its size here. To show zeros would be a
 * lie (D6); the kernel can put the data in place.
 */
export function* refuseMetacopy(layer: LayerState, node: NodeId): Op<void> {
  if (layer.form !== 'kernel') return;
  if ((yield* getMark(layer, OWN_REQUEST, node, 'metacopy')) !== undefined)
    fail(EIO, 'the data of this file is in a lower layer (metacopy=on), which is not followed');
}

/** Takes over an open layer file as the one behind the node. */
export function adopt(state: OverlayState, node: OverlayNode, open: OpenLayer): void {
  // Two callers may have waited for the same open: the first one's handle is in use.
  if (node.open !== undefined) return closeLayer(state, node, open);
  node.open = open;
  touch(state, node);
  if (state.openNodes.size > KEPT_OPEN) evict(state);
}

function touch(state: OverlayState, node: OverlayNode): void {
  state.openNodes.delete(node);
  state.openNodes.add(node);
}

function evict(state: OverlayState): void {
  for (const node of state.openNodes) {
    if (node.unlinked) continue;
    closeData(state, node);
    return;
  }
}

export function closeData(state: OverlayState, node: OverlayNode): void {
  const { open } = node;
  if (open === undefined) return;
  node.open = undefined;
  state.openNodes.delete(node);
  closeLayer(state, node, open);
}

function closeLayer(state: OverlayState, node: OverlayNode, open: OpenLayer): void {
  const layer = state.layer(open.at);
  const inLayer =
    layer === state.upper ? node.upper : node.lowers.find((l) => l.at === open.at)?.node;
  if (inLayer === undefined) return fail(EIO, `node ${node.id} is open in a layer it is not in`);
  const done = layer.fs.release?.(OWN_REQUEST, inLayer, open.fh, 0);
  // A release has no one to report to; the layer closes its descriptor whatever happened before.
  if (done instanceof Promise) done.catch(() => undefined);
}
