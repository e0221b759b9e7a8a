import type { Name, NodeId } from '@scorpiofs/fuse';
import type { LayerState } from './layers.js';
import type { OverlayState } from './state.js';

/**
 * Lower changes are seen where the lower announces them: the merged listing is made again, and the kernel is told what it must
 * no longer believe.
 */
export function followLayers(state: OverlayState): void {
  for (const layer of state.layers) {
    const end = layer.fs.onChange?.((node, name) => changed(state, layer, node, name));
    if (end !== undefined) state.unsubscribe.push(end);
  }
}

function changed(state: OverlayState, layer: LayerState, id: NodeId, name: Name | undefined): void {
  state.absent = undefined;
  const node = layer.nodes.get(id) ?? nodeAt(state, layer.at, id);
  if (node === undefined) return;
  node.listing = undefined;
  if (name !== undefined) state.notify?.invalEntry(node.id, name);
  state.notify?.invalInode(node.id, 0, 0);
}

/** A directory that is merged below others is not known by its node in every layer. */
function nodeAt(state: OverlayState, at: number, id: NodeId) {
  for (const node of state.nodes.values())
    if (node.lowers.some((lower) => lower.at === at && lower.node === id)) return node;
  return undefined;
}
