import type { AttrReply, Entry, Maybe, Request } from '@scorpiofs/fuse';
import { attributes } from './attributes.js';
import type { Directory } from './directory.js';
import { asFsError } from './failure.js';
import { placeAt, timeAt } from './ids/block.js';
import { nodeId } from './ids/node-id.js';
import type { PlacedTree } from './ids/places.js';
import { childDirectory, type FileNode } from './nodes.js';
import type { Base } from './state.js';

/** What lies below a pinned revision never changes; where a view moves, the kernel is told (D2, D4). */
const FOR_EVER = Infinity;

export function directoryAttr(base: Base, directory: Directory): AttrReply {
  const { node, time, submodule } = directory;
  const kind = submodule ? 'submodule' : 'directory';
  return { attr: attributes(node, kind, 0, time, base.owner), attrTtl: FOR_EVER };
}

/** Asks for the size where it is not known: never answered with a guess (D6). */
export function fileAttr(
  base: Base,
  { tree, index }: FileNode,
  req: Pick<Request, 'signal'>,
): Maybe<AttrReply> {
  const size = base.sizes.known(tree.listing, index);
  if (size !== undefined) return sized(base, tree, index, size);
  return askedFor(base, tree, index, req);
}

async function askedFor(
  base: Base,
  tree: PlacedTree,
  index: number,
  req: Pick<Request, 'signal'>,
): Promise<AttrReply> {
  try {
    const size = await base.sizes.ask(tree.listing, index, req.signal);
    return sized(base, tree, index, size);
  } catch (error) {
    throw asFsError(error, `size of ${tree.listing.oid(index)}`);
  }
}

function sized(base: Base, { listing, block }: PlacedTree, index: number, size: number): AttrReply {
  const node = nodeId(0, placeAt(block, index));
  const kind = listing.kind(index);
  const attr = attributes(node, kind, size, timeAt(block, index), base.owner);
  return { attr, attrTtl: FOR_EVER };
}

export function directoryEntry(base: Base, directory: Directory): Entry {
  const { node } = directory;
  const { generation } = base.places;
  const { attr, attrTtl } = directoryAttr(base, directory);
  return { node, generation, attr, attrTtl, entryTtl: FOR_EVER };
}

/** Without waiting; undefined where the size is not known. Counts no reference. */
export function entryNow(
  base: Base,
  directory: Directory,
  tree: PlacedTree,
  index: number,
): Entry | undefined {
  if (tree.listing.isDirectory(index))
    return directoryEntry(base, childDirectory(base, directory, tree, index));
  const size = base.sizes.known(tree.listing, index);
  return size === undefined
    ? undefined
    : fileEntry(base, tree, index, sized(base, tree, index, size));
}

export function fileEntry(base: Base, tree: PlacedTree, index: number, reply: AttrReply): Entry {
  const node = nodeId(0, placeAt(tree.block, index));
  const { attr, attrTtl } = reply;
  return { node, generation: base.places.generation, attr, attrTtl, entryTtl: FOR_EVER };
}
