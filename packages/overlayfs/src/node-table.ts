import type { Name, NodeId } from '@scorpiofs/fuse';
import { closeData } from './data-handle.js';
import { dropName, keepName } from './held-names.js';
import { OverlayNode, type LayerNode, type NodeShape } from './node.js';
import { S_IFDIR } from './mode.js';
import type { OverlayState } from './state.js';

/**
 * The overlay node for what a lookup found; takes over the layer references in `shape`. A node is known by what identifies
 * it: the upper, else the topmost lower. A copied-up file stays known by its lower too, so that another hard link of the same
 * lower file shows the same file.
 */
export function intern(
  state: OverlayState,
  parent: OverlayNode,
  name: Name,
  shape: NodeShape,
): OverlayNode {
  const known = find(state, shape);
  if (known === undefined) {
    const node = add(state, parent, name, shape);
    state.fresh.add(node);
    return node;
  }
  if (known.lowers.length === 0 && shape.type !== S_IFDIR && known.dataAt === undefined) {
    // Found by another name before, as the copy alone.
    known.lowers = shape.lowers;
    registerLower(state, known);
    release(state, shape.upper, []);
  } else release(state, shape.upper, shape.lowers);
  // What a lookup finds has a name, also when another one has gone.
  known.unlinked = false;
  move(state, known, parent, name);
  return known;
}

/** As `intern`, of something with one name, and takes a reference for the kernel on the node. */
export function internHeld(
  state: OverlayState,
  parent: OverlayNode,
  name: Name,
  shape: NodeShape,
): OverlayNode {
  const known = find(state, shape);
  const node =
    known === undefined ? add(state, parent, name, shape) : intern(state, parent, name, shape);
  if (shape.upper !== undefined) keepName(parent, name, node);
  node.lookups++;
  return node;
}

function add(state: OverlayState, parent: OverlayNode, name: Name, shape: NodeShape): OverlayNode {
  const node = new OverlayNode(state.newId(), shape, parent, name);
  state.nodes.set(node.id, node);
  if (shape.upper !== undefined) state.layer(0).nodes.set(shape.upper, node);
  if (shape.upper === undefined || shape.type !== S_IFDIR) registerLower(state, node);
  return node;
}

function find(state: OverlayState, shape: NodeShape): OverlayNode | undefined {
  if (shape.upper !== undefined) return state.layer(0).nodes.get(shape.upper);
  const [lower] = shape.lowers;
  return lower === undefined ? undefined : state.layer(lower.at).nodes.get(lower.node);
}

function registerLower(state: OverlayState, node: OverlayNode): void {
  const [lower] = node.lowers;
  if (lower !== undefined) state.layer(lower.at).nodes.set(lower.node, node);
}

/** The node now exists in the upper as `upper`, whose reference it takes over. */
export function setUpper(state: OverlayState, node: OverlayNode, upper: NodeId): void {
  node.upper = upper;
  state.layer(0).nodes.set(upper, node);
}

export function move(
  state: OverlayState,
  node: OverlayNode,
  parent: OverlayNode,
  name: Name,
): void {
  const old = node.parent;
  if (old !== undefined && (old !== parent || node.name !== name)) dropName(old, node.name, node);
  node.name = name;
  node.told = false;
  if (old === parent || node === state.root) return;
  parent.dependents++;
  node.parent = parent;
  if (old !== undefined) {
    old.dependents--;
    collect(state, old);
  }
}

/** The kernel (or a direct caller) gives `count` references back. */
export function forget(state: OverlayState, id: NodeId, count: number): void {
  const node = state.nodes.get(id);
  if (node === undefined || node === state.root) return;
  node.lookups = Math.max(0, node.lookups - count);
  collect(state, node);
}

/** Drops a node that nothing refers to any more, and then perhaps its parent. */
export function collect(state: OverlayState, node: OverlayNode): void {
  if (state.nodes.get(node.id) !== node) return;
  let candidate: OverlayNode | undefined = node;
  while (
    candidate !== undefined &&
    candidate.lookups === 0 &&
    candidate.dependents === 0 &&
    candidate.copying === undefined &&
    !candidate.pinned &&
    candidate !== state.root
  ) {
    const dropped: OverlayNode = candidate;
    candidate = dropped.parent;
    drop(state, dropped);
    if (candidate !== undefined) candidate.dependents--;
  }
}

function drop(state: OverlayState, node: OverlayNode): void {
  closeData(state, node);
  if (node.parent !== undefined) dropName(node.parent, node.name, node);
  state.nodes.delete(node.id);
  for (const id of node.retired ?? []) state.nodes.delete(id);
  state.fresh.delete(node);
  const uppers = state.layers[0]?.nodes;
  if (node.upper !== undefined && uppers?.get(node.upper) === node) uppers.delete(node.upper);
  const [lower] = node.lowers;
  if (lower !== undefined) {
    const { nodes } = state.layer(lower.at);
    if (nodes.get(lower.node) === node) nodes.delete(lower.node);
  }
  release(state, node.upper, node.lowers);
}

/** Gives one reference back on each layer node. */
export function release(
  state: OverlayState,
  upper: NodeId | undefined,
  lowers: readonly LayerNode[],
): void {
  if (upper !== undefined) state.layer(0).forget(upper);
  for (const lower of lowers) state.layer(lower.at).forget(lower.node);
}
