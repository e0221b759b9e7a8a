import { FsError, type Maybe, type NodeId, type Request } from '@scorpiofs/fuse';
import { readContent } from '../content-of.js';
import { EINVAL, EIO, ENAMETOOLONG } from '../failure.js';
import { isDirectory, nodeOf, type Found } from '../nodes.js';
import { isRevisionsTop } from '../revisions.js';
import type { Base } from '../state.js';
import { settled } from './lookup.js';

/** PATH_MAX less the terminating NUL. */
const LONGEST = 4095;

/** The target as bytes: it is git's blob and may hold anything. */
export function readlink(base: Base, req: Request, node: NodeId): Maybe<Uint8Array> {
  if (isRevisionsTop(base, node)) throw FsError.of(EINVAL, 'is a directory');
  return settled(nodeOf(base, node, req), (found) => target(base, req, found));
}

function target(base: Base, req: Request, found: Found): Maybe<Uint8Array> {
  if (isDirectory(found) || found.tree.listing.kind(found.index) !== 'symlink')
    throw FsError.of(EINVAL, 'is no symbolic link');
  const into = Buffer.alloc(LONGEST + 1);
  return settled(readContent(base, found, 0, into, req), (length) => {
    if (length > LONGEST) throw FsError.of(ENAMETOOLONG, 'the target is too long for a path');
    const bytes = into.subarray(0, length);
    // The kernel would follow the part before it, which is another target.
    if (bytes.includes(0)) throw FsError.of(EIO, 'the target holds a NUL byte');
    return bytes;
  });
}
