import { lookupEntry } from '../tree/lookup.js';
import { isDirectory } from '../tree/tree-body.js';
import type { Monorepo } from './monorepo.js';
import { pathParts } from './rows.js';

/** Whether the path, or a directory on the way to it, is a file now. */
export async function blockedByFile(mono: Monorepo, path: string): Promise<boolean> {
  const parts = pathParts(path);
  const root = await mono.rootTree();
  for (let length = 1; length <= parts.length; length++) {
    const entry = await lookupEntry(mono.store, root, parts.slice(0, length));
    if (entry === undefined) return false;
    if (!isDirectory(entry)) return true;
  }
  return false;
}
