import type { Handle, NodeId } from '@scorpiofs/fuse';
import type { OverlayNode } from './node.js';
import type { OverlayState } from './state.js';

/** All that a handle says is whether it writes: data is reached by node. */
export const READER = 0 as Handle;
export const WRITER = 1 as Handle;

/** How the kernel has one node id open. */
export interface KernelOpens {
  count: number;
  writers: number;
  /** The layer whose host file the kernel reads and writes itself; undefined: data comes as requests. */
  backed: number | undefined;
}

export function release(state: OverlayState, id: NodeId, fh: Handle): void {
  const opens = state.opens.get(id);
  if (opens === undefined) return;
  opens.count--;
  if (fh === WRITER) {
    opens.writers--;
    const node = state.nodes.get(id);
    if (node !== undefined && opens.backed !== undefined) node.bypassed = true;
  }
  if (opens.count === 0) state.opens.delete(id);
}

/** How long the kernel may believe attributes: not while it writes a host file past this overlay, or knows two inodes. */
export function attrTtl(state: OverlayState, node: OverlayNode, id: NodeId): number {
  if (id !== node.id) return 0;
  const opens = state.opens.get(id);
  return opens?.backed !== undefined && opens.writers > 0 ? 0 : state.ttl;
}
