import { FsError, type Maybe, type NodeId, type Request } from '@scorpiofs/fuse';
import { readContent } from '../content-of.js';
import { EINVAL, EISDIR } from '../failure.js';
import { isDirectory, nodeOf, type Found } from '../nodes.js';
import { isRevisionsTop } from '../revisions.js';
import type { Base } from '../state.js';
import { settled } from './lookup.js';

export function read(
  base: Base,
  req: Request,
  node: NodeId,
  offset: number,
  into: Uint8Array,
): Maybe<number> {
  if (isRevisionsTop(base, node)) throw FsError.of(EISDIR, 'is a directory');
  return settled(nodeOf(base, node, req), (found) => readFound(base, req, found, offset, into));
}

function readFound(
  base: Base,
  req: Request,
  found: Found,
  offset: number,
  into: Uint8Array,
): Maybe<number> {
  if (isDirectory(found)) throw FsError.of(EISDIR, 'is a directory');
  if (found.tree.listing.kind(found.index) === 'symlink')
    throw FsError.of(EINVAL, 'is a symbolic link');
  return readContent(base, found, offset, into, req);
}
