import type { Entry, Maybe, Name, NegativeEntry, NodeId, Request } from '@scorpiofs/fuse';
import type { Directory } from '../directory.js';
import { directoryEntry, entryNow, fileAttr, fileEntry } from '../entries.js';
import type { PlacedTree } from '../ids/places.js';
import { directoryOf, isDirectory, nodeOf, pathsOf, type FileNode, type Found } from '../nodes.js';
import { isRevisionsTop, lookupRevision, revisionsEntry } from '../revisions.js';
import type { Base } from '../state.js';
import { treeOf } from '../tree-of.js';

/**
 * By handle (EXPORT_SUPPORT) the kernel looks up "." of the node. What it found so it calls "/" and asks for again, of the node
 * itself, when a kernel overlay revalidates the origin of a copied-up file; no other answer than the node keeps that file usable.
 */
const ITSELF: ReadonlySet<string> = new Set(['.', '/']);
/** Those that no listing has. */
const SPECIAL: ReadonlySet<string> = new Set([...ITSELF, '..']);
const NO_SUCH_NAME: NegativeEntry = { node: 0, entryTtl: Infinity };

type Answer = Entry | NegativeEntry;

export function lookup(base: Base, req: Request, parent: NodeId, name: Name): Maybe<Answer> {
  const known = base.directories.get(parent);
  if (known?.tree !== undefined && !SPECIAL.has(name)) {
    base.loaded.use(known);
    return inTree(base, req, known, known.tree, name);
  }
  if (isRevisionsTop(base, parent)) return lookupRevision(base, name);
  if (ITSELF.has(name))
    return settled(nodeOf(base, parent, req), (found) =>
      name === '.' && base.reconnect !== undefined && !isDirectory(found)
        ? reconnected(base, found, req, base.reconnect)
        : itself(base, found, req),
    );
  const directory = directoryOf(base, parent, req);
  if (name === '..') return settled(directory, (found) => above(base, found));
  return settled(directory, (found) =>
    settled(treeOf(base, found, 'find', req), (tree) => inTree(base, req, found, tree, name)),
  );
}

function inTree(
  base: Base,
  req: Request,
  directory: Directory,
  tree: PlacedTree,
  name: Name,
): Maybe<Answer> {
  const index = tree.listing.indexOf(name);
  if (index < 0) return NO_SUCH_NAME;
  const now = entryNow(base, directory, tree, index);
  if (now !== undefined) return referenced(base, now);
  return settled(fileAttr(base, { tree, index }, req), (reply) =>
    fileEntry(base, tree, index, reply),
  );
}

function itself(base: Base, found: Found, req: Request): Maybe<Entry> {
  if (isDirectory(found)) return referenced(base, directoryEntry(base, found));
  return settled(fileAttr(base, found, req), (reply) =>
    fileEntry(base, found.tree, found.index, reply),
  );
}

/**
 * The kernel makes a nameless dentry for what it finds by handle, and one from Linux 6.16 on takes every such dentry for out of
 * date without asking (it has no epoch): a kernel overlay then answers ESTALE for the copied-up file from the second access on.
 * Having looked the file up by its path before makes it find that dentry, which is right.
 */
async function reconnected(
  base: Base,
  found: FileNode,
  req: Request,
  reconnect: (path: string) => Promise<void>,
): Promise<Entry> {
  try {
    for await (const path of pathsOf(base, found, req)) {
      await reconnect(path);
      break;
    }
  } catch {
    // Without it the handle is still right.
  }
  return await itself(base, found, req);
}

function above(base: Base, { parent }: Directory): Answer {
  if (parent !== undefined) return referenced(base, directoryEntry(base, parent));
  return base.shape === 'revisions' ? revisionsEntry(base) : NO_SUCH_NAME;
}

/** Files need no count: what is known of them lies in the listing that they are in. */
export function referenced(base: Base, entry: Entry): Entry {
  const directory = base.directories.get(entry.node);
  if (directory !== undefined) directory.lookups += 1;
  return entry;
}

export function settled<T, U>(value: Maybe<T>, then: (value: T) => Maybe<U>): Maybe<U> {
  return value instanceof Promise ? value.then(then) : then(value);
}
