import { FsError, type Maybe, type Request } from '@scorpiofs/fuse';
import { EMPTY_BLOB, SourceError } from '@scorpiofs/objects';
import { asFsError, EIO, ENOENT } from './failure.js';
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
  const oid = file.tree.listing.oid(file.index);
  if (oid === EMPTY_BLOB) return 0;
  const here = stored(base, file, offset, into);
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
    return base.store.readContent(oid, offset, into);
  } catch (error) {
    throw asFsError(error, `stored content of ${oid}`);
  }
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
