import type { TreeName } from '@scorpiofs/objects';
import type { Monorepo } from './monorepo.js';
import { peel } from './peel.js';

const OID = /^[0-9a-f]{40}$/;

/** `refs` names nothing that the tree family knows: the original says 500 (§1.4), and clients rely on it. */
export class UnknownRevision extends Error {
  override readonly name = 'UnknownRevision';
}

/** The tree that `refs` means for the tree family: empty, a full commit id, or the bare name of a root tag. */
export async function snapshotTree(mono: Monorepo, refs: string): Promise<string> {
  if (refs === '') return mono.rootTree();
  const named = OID.test(refs) ? refs : mono.state.rows['/']?.[`refs/tags/${refs}`];
  const oid = named === undefined ? undefined : await peel(mono.store, named);
  const commit = oid === undefined ? undefined : await mono.store.commit(oid);
  if (commit === undefined) throw new UnknownRevision(refs);
  return commit.tree;
}

/** The directory at a path, through the import boundary (§4.4); import repositories ignore `refs`. */
export async function directoryAt(
  mono: Monorepo,
  parts: readonly TreeName[],
  refs: string,
): Promise<string | undefined> {
  const root = await placeRoot(mono, parts, refs);
  return root === undefined ? undefined : mono.directory(root.tree, root.parts);
}

/** Root tree of the repository that answers for a path, and the rest of the path inside it. */
export async function placeRoot(
  mono: Monorepo,
  parts: readonly TreeName[],
  refs: string,
): Promise<{ tree: string; parts: readonly TreeName[] } | undefined> {
  const place = mono.place(parts);
  if (place.importPath === undefined)
    return { tree: await snapshotTree(mono, refs), parts: place.parts };
  const head = mono.importHead(place.importPath);
  const commit = head === undefined ? undefined : await mono.store.commit(head);
  return commit === undefined ? undefined : { tree: commit.tree, parts: place.parts };
}
