import {
  EMPTY_TREE,
  encodeSortedTree,
  hashObject,
  type Oid,
  type RepoPath,
  type RequestOptions,
  type TreeAnswer,
  type TreeEntry,
  type TreeWant,
} from '@scorpiofs/objects';
import { contentHash, dirHash, type ListedEntry } from './content-hash.js';
import { broken, missing, quote, refused } from './failures.js';
import { fileTree, type ReadTree } from './file-tree.js';
import { isAddressable } from './path-query.js';
import type { Wire } from './wire.js';

/**
 * One directory from a server without the extension. As long as `main` has not moved away from the wanted id this is one
 * request; otherwise (C11), and at the boundary of an import repository (mega: 4.4), the pinned listing says what is there.
 */
export async function plainTree(
  wire: Wire,
  want: TreeWant,
  importDirectory: RepoPath,
  options: RequestOptions,
): Promise<TreeAnswer> {
  const { path, revision } = want;
  const what = `directory ${quote(path)} of ${revision.commit}`;
  if (!isAddressable(path))
    throw refused(what, 'its name is not UTF-8, and the server can only be asked in UTF-8');
  const oid = want.oid ?? (await statedOid(wire, want, options));
  if (oid === EMPTY_TREE) return whole(path, oid, []);
  if (oid !== undefined) {
    const tree = await fileTree(wire, path, oid, options);
    // C05: a body that hashes to something else is told by `verified`; the guard says that the server means this tree.
    if (tree) {
      const { entries, dropped } = tree;
      const answer = answerOf(path, oid, entries, tree.hash === oid);
      return dropped.length > 0 ? { ...answer, dropped } : answer;
    }
  }
  const [listed, now] = await Promise.all([
    contentHash(wire, path, revision.commit, options),
    fileTree(wire, path, undefined, options),
  ]);
  if (listed.length === 0) throw await explainNothing(wire, what, want, options);
  return reconcile(path, oid, listed, now, isBelow(path, importDirectory));
}

/** The id that the caller did not know: of the root from the revision, elsewhere from the parent's listing. */
async function statedOid(
  wire: Wire,
  { path, revision }: TreeWant,
  options: RequestOptions,
): Promise<Oid | undefined> {
  if (path === '/') return revision.tree;
  const oid = await dirHash(wire, path, revision.commit, options);
  if (oid === undefined) throw missing(`directory ${quote(path)} of ${revision.commit}`);
  return oid;
}

/**
 * Names and ids of the pinned listing, modes of the tree as it is now where name and id agree. If git's own form of that
 * hashes to the wanted id, it is proved to be the wanted tree, modes included.
 */
function reconcile(
  path: RepoPath,
  oid: Oid | undefined,
  listed: readonly ListedEntry[],
  now: ReadTree | undefined,
  imported: boolean,
): TreeAnswer {
  const current = new Map(now?.entries.map((entry) => [entry.name, entry]));
  let agreed = 0;
  const entries = listed.map((entry): TreeEntry => {
    const same = current.get(entry.name);
    const { name } = entry;
    if (same?.oid === entry.oid && (same.kind === 'directory') === entry.directory) {
      agreed += 1;
      return same;
    }
    // C08: what is not known is an ordinary file.
    return { name, kind: entry.directory ? 'directory' : 'file', oid: entry.oid };
  });
  const same = now !== undefined && agreed === listed.length && agreed === now.entries.length;
  const hash = hashObject('tree', encodeSortedTree(entries));
  if (oid === undefined) {
    // The root of a revision whose tree is not known: its id is what its entries hash to, if they are all known.
    return { path, oid: same && now ? now.hash : hash, entries, verified: false, modesKnown: same };
  }
  if (hash === oid) return whole(path, oid, entries);
  // An import repository shows its present state in both answers (M53), so its modes are exact when they agree; elsewhere
  // an executable bit may have changed without any id in the listing.
  return { path, oid, entries, verified: false, modesKnown: imported && same };
}

/** C02: nothing was listed, though the caller knows a directory there. */
async function explainNothing(
  wire: Wire,
  what: string,
  { path, revision }: TreeWant,
  options: RequestOptions,
): Promise<Error> {
  if (path === '/') return broken(what, 'the server lists nothing');
  const stated = await dirHash(wire, path, revision.commit, options);
  if (stated === undefined) return missing(what, 'its parent has no such directory');
  return broken(what, `its parent states ${stated}, but the server lists nothing`);
}

function whole(path: RepoPath, oid: Oid, entries: readonly TreeEntry[]): TreeAnswer {
  return answerOf(path, oid, entries, true);
}

function answerOf(
  path: RepoPath,
  oid: Oid,
  entries: readonly TreeEntry[],
  verified: boolean,
): TreeAnswer {
  return { path, oid, entries, verified, modesKnown: true };
}

function isBelow(path: RepoPath, directory: RepoPath): boolean {
  return path.startsWith(`${directory}/`);
}
