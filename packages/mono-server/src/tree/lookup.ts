import type { TreeName } from '@scorpiofs/objects';
import type { ObjectStore } from '../git/object-store.js';
import { isDirectory, parseTreeBody, type TreeItem } from './tree-body.js';

/** The entry of that name, a directory by preference where two share it. */
function find(
  items: readonly TreeItem[],
  name: TreeName,
  kind: 'directory' | 'any',
): TreeItem | undefined {
  return (
    items.find((item) => item.name === name && isDirectory(item)) ??
    (kind === 'any' ? items.find((item) => item.name === name) : undefined)
  );
}

/** Id of the tree at `parts` below `root`. */
export async function lookup(
  store: ObjectStore,
  root: string,
  parts: readonly TreeName[],
): Promise<string | undefined> {
  let oid = root;
  for (const name of parts) {
    const body = await store.tree(oid);
    if (body === undefined) return undefined;
    const next = find(parseTreeBody(body), name, 'directory');
    if (next === undefined) return undefined;
    oid = next.oid;
  }
  return oid;
}

/** The entry at `parts` below `root`, of whatever kind; `undefined` for the root itself. */
export async function lookupEntry(
  store: ObjectStore,
  root: string,
  parts: readonly TreeName[],
): Promise<TreeItem | undefined> {
  const name = parts.at(-1);
  if (name === undefined) return undefined;
  const parent = await lookup(store, root, parts.slice(0, -1));
  const body = parent === undefined ? undefined : await store.tree(parent);
  return body === undefined ? undefined : find(parseTreeBody(body), name, 'any');
}
