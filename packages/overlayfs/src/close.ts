import { unclaim } from './claim.js';
import { closeData } from './data-handle.js';
import { release } from './node-table.js';
import type { OverlayState } from './state.js';

/** The session has ended: every handle and reference on a layer is given back. The layers themselves are the caller's. */
export function closeAll(state: OverlayState): void {
  for (const end of state.unsubscribe.splice(0)) end();
  unclaim(state);
  state.notify = undefined;
  for (const node of state.openNodes) closeData(state, node);
  for (const layer of state.layers) layer.nodes.clear();
  // A node may be known by several ids.
  for (const node of new Set(state.nodes.values()))
    if (node !== state.root) release(state, node.upper, node.lowers);
  state.nodes.clear();
  state.opens.clear();
  state.fresh.clear();
  state.nodes.set(state.root.id, state.root);
  for (const layer of state.layers) layer.nodes.set(layer.root, state.root);
  state.root.dependents = 0;
  state.root.listing = undefined;
  for (const index of state.index.values()) if (index !== null) state.upper?.forget(index);
  state.index.clear();
  if (state.sharedWhiteout !== undefined) state.upper?.forget(state.sharedWhiteout);
  state.sharedWhiteout = undefined;
}
