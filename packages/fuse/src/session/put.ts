import type { OpenReply } from '../filesystem.js';
import { FOPEN } from '../protocol/flags.js';
import { putS32, putU32, putU64 } from '../protocol/layout.js';
import * as st from '../protocol/structs.js';

export function putOpen(b: Buffer, at: number, open: OpenReply, backingId: number): number {
  const f = st.OPEN_OUT.at;
  const flags = backingId > 0 ? passthroughFlags(open) : cachedFlags(open);
  putU64(b, at, f.fh, open.fh);
  putU32(b, at, f.open_flags, flags);
  putS32(b, at, f.backing_id, backingId);
  return st.OPEN_OUT.size;
}

/** The kernel fails an open (EIO) whose flags speak of a cache that a passthrough file does not have. */
function passthroughFlags(open: OpenReply): number {
  return FOPEN.PASSTHROUGH | (open.noFlush === true ? FOPEN.NOFLUSH : 0);
}

function cachedFlags(open: OpenReply): number {
  return (
    (open.directIo === true ? FOPEN.DIRECT_IO : 0) |
    (open.keepCache === true ? FOPEN.KEEP_CACHE : 0) |
    (open.nonSeekable === true ? FOPEN.NONSEEKABLE : 0) |
    (open.cacheDir === true ? FOPEN.CACHE_DIR : 0) |
    (open.noFlush === true ? FOPEN.NOFLUSH : 0) |
    (open.parallelDirectWrites === true ? FOPEN.PARALLEL_DIRECT_WRITES : 0)
  );
}

/** `write_out`, also COPY_FILE_RANGE's answer. */
export function putCount(b: Buffer, at: number, count: number): number {
  putU32(b, at, st.WRITE_OUT.at.size, count);
  putU32(b, at, st.WRITE_OUT.at.padding, 0);
  return st.WRITE_OUT.size;
}
