import { FsError, type Maybe, type NodeId, type Request } from '@scorpiofs/fuse';
import { childPath, pathOf, type Directory, type Root } from './directory.js';
import { ENOTDIR, ESTALE } from './failure.js';
import { placeAt, timeAt } from './ids/block.js';
import { nodeId, placeOf, rootOf, TOP_PLACE } from './ids/node-id.js';
import type { Origin, PlacedTree } from './ids/places.js';
import type { Base } from './state.js';
import { treeOf } from './tree-of.js';
import { Listing } from './trees/listing.js';

/** An entry that is no directory: a file or a symlink. */
export interface FileNode {
  readonly tree: PlacedTree;
  readonly index: number;
}

export type Found = Directory | FileNode;

export function isDirectory(found: Found): found is Directory {
  return 'node' in found;
}

/** Whose node it is. What is not in memory is found by the rows in the store, as after a restart; unknown ones are ESTALE. */
export function nodeOf(base: Base, node: NodeId, req?: Pick<Request, 'signal'>): Maybe<Found> {
  const directory = base.directories.get(node);
  if (directory !== undefined) return directory;
  const found = base.places.find(placeOf(node));
  if (found !== undefined && !found.tree.listing.isDirectory(found.index))
    return rootOf(node) === 0 ? found : stale();
  return stored(base, node, req);
}

export function directoryOf(
  base: Base,
  node: NodeId,
  req?: Pick<Request, 'signal'>,
): Maybe<Directory> {
  const found = nodeOf(base, node, req);
  if (found instanceof Promise) return found.then(asDirectory);
  return asDirectory(found);
}

function asDirectory(found: Found): Directory {
  if (!isDirectory(found)) throw FsError.of(ENOTDIR, 'not a directory');
  return found;
}

function stored(base: Base, node: NodeId, req: Pick<Request, 'signal'> | undefined): Maybe<Found> {
  const root = base.roots.get(rootOf(node));
  const place = placeOf(node);
  if (root !== undefined && place === TOP_PLACE) return root.top;
  const origin = base.places.origin(place) ?? stale();
  const tree = treeAt(base, origin);
  if (tree !== undefined && !tree.listing.isDirectory(origin.index))
    return rootOf(node) === 0 ? { tree, index: indexIn(tree, place) } : stale();
  return searched(base, root, place, origin, req);
}

/** The listing in which a number was given out, as the store has it. */
function treeAt(base: Base, { place, key }: Origin): PlacedTree | undefined {
  const kept = base.store.tree(key);
  if (kept === undefined) return undefined;
  const tree = base.places.placed(place, key, new Listing(kept.tree, kept.sizes));
  base.sizes.fill(tree.listing);
  base.loaded.addLoose(tree);
  return tree;
}

/** Down from the top, or up from a directory that the kernel holds; may ask the source. */
async function searched(
  base: Base,
  root: Root | undefined,
  place: number,
  origin: Origin,
  req: Pick<Request, 'signal'> | undefined,
): Promise<Found> {
  // A file whose listing the store has lost: its directory is still held by the kernel, in one root or another.
  for (const one of root === undefined ? base.roots.values() : [root, ...base.roots.values()]) {
    const parent = await revived(base, one, origin.place, req);
    if (parent === undefined) continue;
    const tree = await treeOf(base, parent, 'find', req);
    const index = indexIn(tree, place);
    if (index < 0) continue;
    if (tree.listing.isDirectory(index))
      return one === root ? childDirectory(base, parent, tree, index) : stale();
    return { tree, index };
  }
  return stale();
}

async function revived(
  base: Base,
  root: Root,
  place: number,
  req: Pick<Request, 'signal'> | undefined,
): Promise<Directory | undefined> {
  if (place === TOP_PLACE) return root.top;
  const known = base.directories.get(nodeId(root.index, place));
  if (known !== undefined) return known;
  const origin = base.places.origin(place);
  const parent = origin && (await revived(base, root, origin.place, req));
  if (parent === undefined) return undefined;
  const tree = await treeOf(base, parent, 'find', req);
  const index = indexIn(tree, place);
  return index < 0 ? undefined : childDirectory(base, parent, tree, index);
}

function indexIn(tree: PlacedTree, place: number): number {
  const index = place - tree.block.start;
  if (index >= 0 && index < tree.block.count && placeAt(tree.block, index) === place) return index;
  return tree.block.kept?.places.indexOf(place) ?? -1;
}

function stale(): never {
  throw FsError.of(ESTALE, 'no such node');
}

/** Paths, from the top of the mount, under which a file is shown at present. */
export async function* pathsOf(
  base: Base,
  file: FileNode,
  req: Pick<Request, 'signal'>,
): AsyncGenerator<string> {
  const place = placeAt(file.tree.block, file.index);
  for (const root of base.roots.values()) {
    const directory = await revived(base, root, file.tree.place, req);
    if (directory === undefined) continue;
    const tree = await treeOf(base, directory, 'find', req);
    const index = indexIn(tree, place);
    if (index < 0) continue;
    const below = pathOf(directory).slice(root.path === '/' ? 0 : root.path.length);
    const top = base.shape === 'revisions' ? `/${root.revision.commit}` : '';
    yield `${top}${childPath(below === '' ? '/' : below, tree.listing.name(index))}`;
  }
}

/** The directory at an entry. The caller counts a reference, or lets it go again with `release`. */
export function childDirectory(
  base: Base,
  parent: Directory,
  tree: PlacedTree,
  index: number,
): Directory {
  const { listing, block } = tree;
  const place = placeAt(block, index);
  const node = nodeId(parent.root.index, place);
  const known = base.directories.get(node);
  if (known !== undefined) return known;
  const submodule = listing.kind(index) === 'submodule';
  const child: Directory = {
    node,
    place,
    root: parent.root,
    parent,
    name: listing.name(index),
    submodule,
    oid: listing.oid(index),
    time: timeAt(block, index),
    tree: undefined,
    shown: false,
    lookups: 0,
    kids: 0,
    used: 0,
    moves: 0,
    before: undefined,
  };
  base.directories.set(node, child);
  parent.kids += 1;
  return child;
}

/** Lets go what neither the kernel nor a directory below needs. */
export function release(base: Base, directory: Directory): void {
  let one: Directory = directory;
  while (one.lookups <= 0 && one.kids === 0 && one.parent !== undefined) {
    if (base.directories.get(one.node) === one) base.directories.delete(one.node);
    base.loaded.remove(one);
    one = one.parent;
    one.kids -= 1;
  }
}
