import type { NodeId, StatfsReply } from '../filesystem.js';
import { getU32, getU64, putBigU64, putU32, putU64 } from '../protocol/layout.js';
import type { Arguments } from '../protocol/request.js';
import * as st from '../protocol/structs.js';
import { empty, notImplemented, type Handler, type Served } from './handler.js';
import { handleAt } from './handles.js';
import type { KernelRequest } from './kernel-request.js';
import { putCount } from './put.js';

/** For a file system that counts nothing: `df` shows zeros instead of an error. */
const NOTHING: StatfsReply = {
  blocks: 0n,
  bfree: 0n,
  bavail: 0n,
  files: 0n,
  ffree: 0n,
  bsize: 4096,
  frsize: 4096,
  namelen: 255,
};

export const STATFS: Handler<StatfsReply> = {
  call: (s, r) => s.fs.statfs?.(r, r.node) ?? NOTHING,
  reply(_s, _r, value, b, at) {
    const f = st.STATFS_OUT.at;
    b.fill(0, at, at + st.STATFS_OUT.size);
    putBigU64(b, at, f.blocks, value.blocks);
    putBigU64(b, at, f.bfree, value.bfree);
    putBigU64(b, at, f.bavail, value.bavail);
    putBigU64(b, at, f.files, value.files);
    putBigU64(b, at, f.ffree, value.ffree);
    putU32(b, at, f.bsize, value.bsize);
    putU32(b, at, f.namelen, value.namelen);
    putU32(b, at, f.frsize, value.frsize);
    return st.STATFS_OUT.size;
  },
};

export const SYNCFS: Handler<void> = {
  call: (s, r) => (s.fs.syncfs ? s.fs.syncfs(r, r.node) : notImplemented()),
  reply: empty,
};

export const FALLOCATE: Handler<void> = {
  call(s, r, a) {
    const f = st.FALLOCATE_IN.at;
    if (s.fs.fallocate === undefined) return notImplemented();
    return s.fs.fallocate(
      r,
      r.node,
      handleAt(a.b, a.at, f.fh),
      getU32(a.b, a.at, f.mode),
      getU64(a.b, a.at, f.offset),
      getU64(a.b, a.at, f.length),
    );
  },
  reply: empty,
};

export const LSEEK: Handler<number> = {
  call(s, r, a) {
    const f = st.LSEEK_IN.at;
    const [offset, whence] = [getU64(a.b, a.at, f.offset), getU32(a.b, a.at, f.whence)];
    return s.fs.lseek?.(r, r.node, handleAt(a.b, a.at, f.fh), offset, whence) ?? notImplemented();
  },
  reply(_s, _r, value, b, at) {
    putU64(b, at, st.LSEEK_OUT.at.offset, value);
    return st.LSEEK_OUT.size;
  },
};

/** The old form of the answer has 32 bits; the kernel asks for less than that, rounded down to pages. */
const LARGEST_COPY = 2 ** 32 - 4096;

function copy(s: Served, r: KernelRequest, a: Arguments, most: number) {
  const f = st.COPY_FILE_RANGE_IN.at;
  const { b, at } = a;
  return (
    s.fs.copyFileRange?.(
      r,
      { node: r.node, fh: handleAt(b, at, f.fh_in), offset: getU64(b, at, f.off_in) },
      {
        node: getU64(b, at, f.nodeid_out) as NodeId,
        fh: handleAt(b, at, f.fh_out),
        offset: getU64(b, at, f.off_out),
      },
      Math.min(getU64(b, at, f.len), most),
      getU64(b, at, f.flags),
    ) ?? notImplemented()
  );
}

export const COPY_FILE_RANGE: Handler<number> = {
  call: (s, r, a) => copy(s, r, a, LARGEST_COPY),
  reply: (_s, _r, value, b, at) => putCount(b, at, value),
};

export const COPY_FILE_RANGE_64: Handler<number> = {
  call: (s, r, a) => copy(s, r, a, Number.MAX_SAFE_INTEGER),
  reply(_s, _r, value, b, at) {
    putU64(b, at, st.COPY_FILE_RANGE_OUT.at.bytes_copied, value);
    return st.COPY_FILE_RANGE_OUT.size;
  },
};
