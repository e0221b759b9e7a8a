import type { TreeName } from '@scorpiofs/objects';
import type { ObjectStore } from '../git/object-store.js';
import { isDirectory, type TreeItem } from '../tree/tree-body.js';

/** One file that differs; at least one side is there. */
export interface FileChange {
  readonly parts: readonly TreeName[];
  readonly before: TreeItem | undefined;
  readonly after: TreeItem | undefined;
}

/**
 * Files whose content differs between two trees, bytewise by path. Equal sub-trees are not entered. A change of only the mode is
 * none (M33).
 */
export async function diffTrees(
  store: ObjectStore,
  before: string | undefined,
  after: string | undefined,
): Promise<FileChange[]> {
  const changes: FileChange[] = [];
  await walk(store, before, after, [], changes);
  const key = (change: FileChange): string => change.parts.join('/');
  return changes.toSorted((a, b) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0));
}

async function walk(
  store: ObjectStore,
  before: string | undefined,
  after: string | undefined,
  base: readonly TreeName[],
  changes: FileChange[],
): Promise<void> {
  if (before === after) return;
  const left = await byName(store, before);
  const right = await byName(store, after);
  for (const name of new Set([...left.keys(), ...right.keys()])) {
    const old = left.get(name);
    const now = right.get(name);
    if (old?.oid === now?.oid && old !== undefined && now !== undefined)
      if (isDirectory(old) === isDirectory(now)) continue;
    const parts = [...base, name];
    const oldDir = old !== undefined && isDirectory(old) ? old.oid : undefined;
    const newDir = now !== undefined && isDirectory(now) ? now.oid : undefined;
    if (oldDir !== undefined || newDir !== undefined)
      await walk(store, oldDir, newDir, parts, changes);
    const oldFile = oldDir === undefined ? old : undefined;
    const newFile = newDir === undefined ? now : undefined;
    if (oldFile !== undefined || newFile !== undefined)
      changes.push({ parts, before: oldFile, after: newFile });
  }
}

async function byName(
  store: ObjectStore,
  tree: string | undefined,
): Promise<Map<TreeName, TreeItem>> {
  const items = tree === undefined ? [] : await store.entries(tree);
  return new Map(items.map((item) => [item.name, item]));
}
