import type { NodeId } from '@scorpiofs/fuse';

/**
 * A node id is `root * 2^34 + place`. Places are numbered over all revisions: a directory is one place in each of them, and a
 * file is one place as long as its content is the same. A directory's node also says in which root it is seen, since the
 * kernel allows a directory one parent only; a file's node does not (root 0), so that revisions share its pages.
 */
const PLACES = 2 ** 34;

/** The top of every root. */
export const TOP_PLACE = 1;
export const LAST_PLACE = PLACES - 1;
/** 2^53 / 2^34. */
export const LAST_ROOT = 2 ** 19 - 1;

export function nodeId(root: number, place: number): NodeId {
  return (root * PLACES + place) as NodeId;
}

export function placeOf(node: NodeId): number {
  return node % PLACES;
}

export function rootOf(node: NodeId): number {
  return Math.floor(node / PLACES);
}
