import type { Name } from '@scorpiofs/fuse';
import type { Oid, Revision, TreeWant } from '@scorpiofs/objects';
import type { Directory } from './directory.js';
import { rootUnavailable } from './failure.js';
import { placeAt, timeAt } from './ids/block.js';
import type { PlacedTree } from './ids/places.js';
import { PinnedRoot } from './root.js';
import type { Base } from './state.js';
import { treeOf, wantOf } from './tree-of.js';
import type { LocalTree } from './trees/trees.js';

export interface MoveResult {
  readonly revision: Revision;
  /** Directories whose listing the kernel was told to drop. */
  readonly directories: number;
  /** Names that it was told to drop. */
  readonly names: number;
}

/** A directory that differs. One that was never listed has no `shown`: nothing below it is known to the kernel. */
interface Step {
  readonly directory: Directory;
  readonly oid: Oid;
  readonly shown: { readonly before: PlacedTree; readonly after: LocalTree } | undefined;
}

type Children = ReadonlyMap<Directory, readonly Directory[]>;

/**
 * Moves a base that shows one revision to another. Everything is fetched before anything changes: a failure leaves the view
 * where it was. Then, in one turn, directories that differ get their new listing, and the kernel is told the names that
 * differ. A lookup that still saw the old listing holds the directory's lock in the kernel until it is answered, and the
 * notification waits for that lock: so it cannot bring back an old name.
 */
export async function move(
  base: Base,
  root: PinnedRoot,
  revision: Revision,
  signal?: AbortSignal,
): Promise<MoveResult> {
  const top = await topOf(base, root, revision, signal);
  const children = childrenOf(base, root);
  const steps: Step[] = [];
  // Level by level, stopping where ids are equal; the directories of one level are asked for together.
  let level = [{ directory: root.top, oid: top.oid }];
  while (level.length > 0) {
    const now = level.filter(({ directory, oid }) => directory.oid !== oid);
    const found = await Promise.all(now.map((one) => compared(base, revision, one, top, signal)));
    steps.push(...found);
    level = found.flatMap((step) => below(step, children.get(step.directory) ?? []));
  }
  const result = commit(base, root, revision, steps, children);
  await base.notify?.settled();
  return result;
}

async function compared(
  base: Base,
  revision: Revision,
  { directory, oid }: { readonly directory: Directory; readonly oid: Oid },
  top: LocalTree,
  signal: AbortSignal | undefined,
): Promise<Step> {
  if (!directory.shown) return { directory, oid, shown: undefined };
  const [before, after] = await Promise.all([
    treeOf(base, directory, 'find'),
    directory.parent === undefined
      ? top
      : getTree(base, { ...wantOf(directory), revision, oid }, signal),
  ]);
  return { directory, oid, shown: { before, after } };
}

function below({ shown }: Step, children: readonly Directory[]) {
  const listing = shown?.after.listing;
  return children.flatMap((directory) => {
    const at = listing?.indexOf(directory.name) ?? -1;
    if (listing === undefined || at < 0 || directory.submodule) return [];
    return listing.kind(at) === 'directory' ? [{ directory, oid: listing.oid(at) }] : [];
  });
}

async function topOf(
  base: Base,
  root: PinnedRoot,
  revision: Revision,
  signal: AbortSignal | undefined,
): Promise<LocalTree> {
  const want: TreeWant =
    root.path === '/' && revision.tree !== undefined
      ? { revision, path: '/', oid: revision.tree }
      : { revision, path: root.path };
  try {
    return await getTree(base, want, signal);
  } catch (error) {
    throw rootUnavailable(root.path, error);
  }
}

async function getTree(
  base: Base,
  want: TreeWant,
  signal: AbortSignal | undefined,
): Promise<LocalTree> {
  const local = base.trees.local(want);
  if (local !== undefined) return local;
  const plan = { levels: 1, budget: Infinity, also: [] };
  return await base.trees.get(want, () => plan, base.treeAhead, signal);
}

function childrenOf(base: Base, root: PinnedRoot): Map<Directory, Directory[]> {
  const children = new Map<Directory, Directory[]>();
  for (const directory of base.directories.values()) {
    if (directory.parent === undefined || directory.root !== root) continue;
    const siblings = children.get(directory.parent);
    if (siblings) siblings.push(directory);
    else children.set(directory.parent, [directory]);
  }
  return children;
}

/** No await in here: a request sees all of the old revision or all of the new one. */
function commit(
  base: Base,
  root: PinnedRoot,
  revision: Revision,
  steps: readonly Step[],
  children: Children,
): MoveResult {
  const old = new PinnedRoot(root.index, root.revision, root.path, root.top.oid);
  const told: { readonly directory: Directory; readonly names: readonly Name[] }[] = [];
  for (const { directory, oid, shown } of steps) {
    directory.oid = oid;
    const names: Name[] = [];
    if (shown !== undefined) {
      const tree = replaced(base, directory, shown.before, shown.after);
      for (const child of children.get(directory) ?? []) followed(child, tree, old, children);
      names.push(...changedNames(shown.before, tree));
    }
    told.push({ directory, names });
  }
  root.revision = revision;
  base.treeAhead.reset();
  const { notify } = base;
  // The names first: that waits for listings on their way, so that what they cache is dropped after them.
  for (const { directory, names } of told) {
    for (const name of names) notify?.invalEntry(directory.node, name);
    notify?.invalInode(directory.node, 0, 0);
  }
  const names = told.reduce((sum, one) => sum + one.names.length, 0);
  return { revision, directories: told.length, names };
}

function replaced(
  base: Base,
  directory: Directory,
  before: PlacedTree,
  after: LocalTree,
): PlacedTree {
  const tree = base.places.placed(directory.place, after.key, after.listing, before, true);
  base.loaded.remove(directory);
  base.sizes.fill(tree.listing);
  directory.tree = tree;
  directory.before = before;
  directory.moves += 1;
  base.loaded.add(directory);
  if (directory.parent === undefined) directory.time = tree.block.time;
  return tree;
}

/** A directory that is still there has a new time; one that is gone goes on showing the old revision to who stands in it. */
function followed(child: Directory, tree: PlacedTree, old: PinnedRoot, children: Children): void {
  const at = tree.listing.indexOf(child.name);
  if (at >= 0 && placeAt(tree.block, at) === child.place) {
    child.time = timeAt(tree.block, at);
    return;
  }
  detach(child, old, children);
}

function detach(directory: Directory, old: PinnedRoot, children: Children): void {
  directory.root = old;
  for (const child of children.get(directory) ?? []) detach(child, old, children);
}

/** Names that stand for another node than before, or for none, or that did not exist. */
function changedNames(before: PlacedTree, after: PlacedTree): Name[] {
  const names: Name[] = [];
  for (const [i, name] of before.listing.names.entries()) {
    const at = after.listing.indexOf(name);
    if (at < 0 || placeAt(after.block, at) !== placeAt(before.block, i)) names.push(name);
  }
  for (const name of after.listing.names) if (before.listing.indexOf(name) < 0) names.push(name);
  return names;
}
