import { isOid, SourceError, type Oid, type Revision } from '@scorpiofs/objects';
import { noSuchDirectory, rootUnavailable } from './failure.js';
import { FsError } from '@scorpiofs/fuse';
import { PinnedRoot } from './root.js';
import type { Base } from './state.js';
import { treeOf } from './tree-of.js';

/**
 * Makes the top of a revision and lists it: a base is ready when its first listing can be served, not before (W-30). What was
 * pinned before is found in the store without a question.
 *
 * @throws DicfuseError where there is no such directory, or it cannot be had now.
 */
export async function pin(
  base: Base,
  index: number,
  revision: Revision,
  signal?: AbortSignal,
): Promise<PinnedRoot> {
  const fact = `${base.prefix}o${revision.commit}`;
  const stated = base.path === '/' ? revision.tree : undefined;
  const root = new PinnedRoot(index, revision, base.path, stated ?? storedOid(base, fact));
  base.roots.set(index, root);
  base.directories.set(root.top.node, root.top);
  try {
    await treeOf(base, root.top, 'list', signal && { signal });
  } catch (error) {
    unpin(base, root);
    const cause = error instanceof FsError ? error.cause : error;
    if (cause instanceof SourceError && cause.kind === 'missing')
      throw noSuchDirectory(base.path, revision.commit, error);
    throw rootUnavailable(base.path, error);
  }
  if (root.top.oid !== '') base.store.putFact(fact, Buffer.from(root.top.oid, 'hex'));
  return root;
}

/** Forgets a root and everything below it. */
export function unpin(base: Base, root: PinnedRoot): void {
  for (const [node, directory] of base.directories) {
    if (directory.root !== root) continue;
    base.loaded.remove(directory);
    base.directories.delete(node);
  }
  base.roots.delete(root.index);
}

function storedOid(base: Base, fact: string): Oid | '' {
  const row = base.store.fact(fact);
  const oid = row === undefined ? '' : Buffer.from(row).toString('hex');
  return isOid(oid) ? oid : '';
}
