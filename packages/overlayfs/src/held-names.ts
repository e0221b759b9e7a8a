import type { Name } from '@scorpiofs/fuse';
import type { OverlayNode } from './node.js';

/**
 * In a directory that only the upper has, files and directories that are known are found by name: what a name leads to need not be asked for
 * before it is removed or renamed. A name is here only as long as it is the node's name in that directory (`move`, `nameGone`).
 */
export function keepName(directory: OverlayNode, name: Name, node: OverlayNode): void {
  if (directory.upper === undefined || directory.lowers.length > 0) return;
  (directory.held ??= new Map()).set(name, node);
}

export function dropName(directory: OverlayNode, name: Name, node: OverlayNode): void {
  const { held } = directory;
  if (held?.get(name) === node) held.delete(name);
}
