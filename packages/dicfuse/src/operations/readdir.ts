import type { DirSink, Entry, Maybe, Name, NodeId, Request } from '@scorpiofs/fuse';
import { ROOT_NODE } from '@scorpiofs/fuse';
import { modeOf, S_IFDIR } from '../attributes.js';
import type { Directory } from '../directory.js';
import { entryNow } from '../entries.js';
import { placeAt } from '../ids/block.js';
import { nodeId } from '../ids/node-id.js';
import type { PlacedTree } from '../ids/places.js';
import { directoryOf, release } from '../nodes.js';
import { isRevisionsTop, revisionName } from '../revisions.js';
import type { Base } from '../state.js';
import { treeOf } from '../tree-of.js';
import { settled } from './lookup.js';

const DOT = '.' as Name;
const DOTS = '..' as Name;
const FIRST = 2;
/** Cookies of a listing: how often the view had moved under the directory, and the position. */
const MOVE = 2 ** 32;
const MOVES = 2 ** 20;

export function readdir(
  base: Base,
  req: Request,
  node: NodeId,
  offset: number,
  sink: DirSink,
): Maybe<void> {
  if (isRevisionsTop(base, node)) return listRevisions(base, offset, sink);
  return settled(directoryOf(base, node, req), (directory) => {
    const moves = Math.floor(offset / MOVE);
    // Begun before the view moved: the rest is what was there then, by name only, so that nothing comes twice or never.
    if (offset > FIRST && moves !== directory.moves % MOVES)
      return list(base, directory, directory.before, offset, sink);
    return settled(treeOf(base, directory, 'list', req), (tree) => {
      base.sizes.listed();
      return list(base, directory, tree, offset, sink);
    });
  });
}

function list(
  base: Base,
  directory: Directory,
  tree: PlacedTree | undefined,
  offset: number,
  sink: DirSink,
): void {
  const at = offset % MOVE;
  if (at < 1 && !sink.add(DOT, BigInt(directory.node), S_IFDIR, 1)) return;
  const above = directory.parent?.node ?? (base.shape === 'revisions' ? ROOT_NODE : directory.node);
  if (at < FIRST && !sink.add(DOTS, BigInt(above), S_IFDIR, FIRST)) return;
  if (tree === undefined) return;
  const current = tree !== directory.before;
  const moves = current ? (directory.moves % MOVES) * MOVE : offset - at;
  for (let i = Math.max(at - FIRST, 0); i < tree.listing.length; i++) {
    const cookie = moves + i + 1 + FIRST;
    const added =
      sink.plus && current
        ? addEntry(base, directory, tree, i, sink, cookie)
        : addName(directory, tree, i, sink, cookie);
    if (!added) return;
  }
}

function addName(
  directory: Directory,
  { listing, block }: PlacedTree,
  index: number,
  sink: DirSink,
  cookie: number,
): boolean {
  const root = listing.isDirectory(index) ? directory.root.index : 0;
  const ino = BigInt(nodeId(root, placeAt(block, index)));
  return sink.add(listing.name(index), ino, modeOf(listing.kind(index)), cookie);
}

/** With attributes where they are known: a listing asks for no sizes. */
function addEntry(
  base: Base,
  directory: Directory,
  tree: PlacedTree,
  index: number,
  sink: DirSink,
  cookie: number,
): boolean {
  const entry = entryNow(base, directory, tree, index);
  if (entry === undefined) return addName(directory, tree, index, sink, cookie);
  return addCounted(base, sink, tree.listing.name(index), entry, cookie);
}

function addCounted(base: Base, sink: DirSink, name: Name, entry: Entry, cookie: number): boolean {
  const added = sink.addEntry(name, entry, cookie);
  const child = base.directories.get(entry.node);
  if (child === undefined) return added;
  if (added) child.lookups += 1;
  else release(base, child);
  return added;
}

function listRevisions(base: Base, offset: number, sink: DirSink): void {
  if (offset < 1 && !sink.add(DOT, BigInt(ROOT_NODE), S_IFDIR, 1)) return;
  if (offset < FIRST && !sink.add(DOTS, BigInt(ROOT_NODE), S_IFDIR, FIRST)) return;
  // The cookie is the root's number, which is its own for ever: one added meanwhile shifts nothing.
  for (const root of [...base.roots.values()].toSorted((a, b) => a.index - b.index)) {
    const cookie = FIRST + root.index;
    if (cookie <= offset) continue;
    if (!sink.add(revisionName(root), BigInt(root.top.node), S_IFDIR, cookie)) return;
  }
}
