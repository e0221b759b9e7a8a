import type { Name, NodeId } from '@scorpiofs/fuse';
import type { LayerAnswer } from './direct.js';
import { S_IFCHR, S_IFDIR, S_IFREG, typeOf } from './mode.js';
import { move } from './node-table.js';
import type { OverlayNode } from './node.js';
import type { OverlayState } from './state.js';

/** A directory that only the upper has: what is not in it there is not in it. */
export function isOwn(
  state: OverlayState,
  directory: OverlayNode,
): directory is OverlayNode & { readonly upper: NodeId } {
  // In the OCI form a second name may be the mark of the first.
  return (
    directory.type === S_IFDIR &&
    directory.upper !== undefined &&
    directory.lowers.length === 0 &&
    state.upper?.form !== 'oci'
  );
}

/**
 * The upper's directory in which a name is free if it is free there: nothing of that name shows through from below, because there is
 * no directory below, or because a lookup has just found nothing. Undefined: not known.
 */
export function freeIn(
  state: OverlayState,
  directory: OverlayNode,
  name: Name,
): NodeId | undefined {
  if (isOwn(state, directory)) return directory.upper;
  const { absent } = state;
  if (absent?.directory !== directory || absent.name !== name) return undefined;
  return state.upper?.form === 'oci' ? undefined : directory.upper;
}

/** The known node of a name in such a directory, where nothing must be asked: a file as in `ownFile`. */
export function heldFile(directory: OverlayNode, name: Name): OverlayNode | undefined {
  const node = directory.held?.get(name);
  return node === undefined || !isPlain(node) ? undefined : node;
}

function isPlain(node: OverlayNode): boolean {
  const { type } = node;
  if (type === S_IFDIR || type === S_IFCHR || node.lowers.length > 0) return false;
  return !node.pinned && !node.lastName && (type !== S_IFREG || node.whole);
}

/**
 * The known node of a name in such a directory, from the upper's answer: a file with one name and nothing below, whose data is its own.
 * Undefined: it is not so simple. The answer's reference stays the caller's.
 */
export function ownFile(
  state: OverlayState,
  directory: OverlayNode,
  name: Name,
  answer: LayerAnswer,
): OverlayNode | undefined {
  if (!('attr' in answer) || answer.attr.nlink !== 1) return undefined;
  const node = state.upper?.nodes.get(answer.node);
  if (node === undefined || node.type !== typeOf(answer.attr) || !isPlain(node)) return undefined;
  node.unlinked = false;
  move(state, node, directory, name);
  return node;
}
