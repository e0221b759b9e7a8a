import { FsError, type Maybe, type Request } from '@scorpiofs/fuse';
import { EMPTY_BLOB, SourceError } from '@scorpiofs/objects';
import { asFsError, EACCES, EIO, ENOENT } from './failure.js';
import { placeAt } from './ids/block.js';
import { nodeId } from './ids/node-id.js';
import type { FileNode } from './nodes.js';
import type { Base } from './state.js';

/** Bytes copied into `into` from `offset`: from the store in this turn, else when the content has come and was checked. */
export function readContent(
  base: Base,
  file: FileNode,
  offset: number,
  into: Uint8Array,
  req: Pick<Request, 'signal'>,
): Maybe<number> {
  if (!base.readable) throw FsError.of(EACCES, 'contents are not served here');
  const oid = file.tree.listing.oid(file.index);
  if (oid === EMPTY_BLOB) return 0;
  corrected(base, file);
  const here = base.contents.coming(oid) ? undefined : stored(base, file, offset, into);
  if (here === undefined) return fetched(base, file, offset, into, req);
  if (offset === 0) base.contentAhead.hit(oid, file.tree);
  return here;
}

function stored(
  base: Base,
  { tree, index }: FileNode,
  offset: number,
  into: Uint8Array,
): number | undefined {
  const oid = tree.listing.oid(index);
  try {
    return base.store.readContent(oid, offset, into, base.sizes.known(tree.listing, index));
  } catch (error) {
    throw asFsError(error, `stored content of ${oid}`);
  }
}

/**
 * A source that told a wrong size: the kernel would cut the content off there. The right size is shown from now on, and this
 * reader, who may have been told the wrong one, gets an error.
 */
function corrected(base: Base, { tree, index }: FileNode): void {
  const { listing, block, key } = tree;
  const size = base.contents.trueSize(listing.oid(index));
  if (size === undefined || size === base.sizes.known(listing, index)) return;
  listing.sizes[index] = size;
  const kept = base.store.tree(key);
  if (kept !== undefined) {
    const { verified, modesKnown } = kept;
    base.store.putPackedTree(key, listing, { verified, modesKnown });
  }
  base.notify?.invalInode(nodeId(0, placeAt(block, index)), 0, 0);
  throw FsError.of(EIO, `the source told a wrong size of ${listing.oid(index)}`);
}

/** An eviction can take a content away between its arrival and its reading, but not for ever. */
const ATTEMPTS = 3;

async function fetched(
  base: Base,
  file: FileNode,
  offset: number,
  into: Uint8Array,
  req: Pick<Request, 'signal'>,
): Promise<number> {
  const { listing } = file.tree;
  const oid = listing.oid(file.index);
  const size = base.sizes.known(listing, file.index);
  const also = base.contentAhead.miss(file);
  try {
    for (let i = 0; i < ATTEMPTS; i++) {
      await base.contents.get({ oid, size }, i === 0 ? also : [], req.signal);
      corrected(base, file);
      const here = stored(base, file, offset, into);
      if (here !== undefined) return here;
    }
  } catch (error) {
    // fs: D-20. The server says so about this very object; nothing about it is kept.
    if (error instanceof SourceError && error.kind === 'missing')
      throw FsError.of(ENOENT, `content ${oid}: ${error.message}`, error);
    throw asFsError(error, `content ${oid}`);
  }
  throw FsError.of(EIO, `the store lets go of ${oid} before it can be read`);
}
