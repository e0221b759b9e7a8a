import type { TreeEntry } from './tree.js';

/** Git's order of a tree's entries: by name as bytes, a directory as if its name ended in a slash. */
export function compareEntries(
  a: Pick<TreeEntry, 'name' | 'kind'>,
  b: Pick<TreeEntry, 'name' | 'kind'>,
): number {
  const left = a.kind === 'directory' ? `${a.name}/` : a.name;
  const right = b.kind === 'directory' ? `${b.name}/` : b.name;
  return left < right ? -1 : left > right ? 1 : 0;
}
