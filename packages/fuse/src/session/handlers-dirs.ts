import type { Handle, Maybe, OpenReply } from '../filesystem.js';
import { FSYNC_FDATASYNC } from '../protocol/flags.js';
import { getU32, getU64 } from '../protocol/layout.js';
import type { Arguments } from '../protocol/request.js';
import * as st from '../protocol/structs.js';
import { empty, notImplemented, type Handler, type Served } from './handler.js';
import { handleAt } from './handles.js';
import { invalid } from './invalid.js';
import type { KernelRequest } from './kernel-request.js';
import { Listing } from './listing.js';
import { putOpen } from './put.js';

const NO_HANDLE = 0 as Handle;
const HEADER = st.OUT_HEADER.size;

export const OPENDIR: Handler<OpenReply> = {
  call(s, r, a) {
    if (s.fs.opendir === undefined) return s.noOpendir ? notImplemented() : { fh: NO_HANDLE };
    return s.fs.opendir(r, r.node, getU32(a.b, a.at, st.OPEN_IN.at.flags));
  },
  reply: (_s, _r, value, b, at) => putOpen(b, at, value, 0),
  settle(s, r, value, taken) {
    if (!taken) s.inBackground(() => s.fs.releasedir?.(r, r.node, value.fh));
  },
};

function list(s: Served, r: KernelRequest, a: Arguments, plus: boolean): Maybe<void> {
  const f = st.READ_IN.at;
  r.size = getU32(a.b, a.at, f.size);
  if (r.size > s.maxRead) return invalid();
  if (s.fs.readdir === undefined) return notImplemented();
  const fh = handleAt(a.b, a.at, f.fh);
  const offset = getU64(a.b, a.at, f.offset);
  r.out = s.pool.take(HEADER + r.size);
  r.listing = new Listing(plus, r.out, HEADER, HEADER + r.size);
  return s.fs.readdir(r, r.node, fh, offset, r.listing);
}

const listingReply = {
  reply: (_s: Served, r: KernelRequest) => r.listing?.length ?? 0,
  settle(s: Served, r: KernelRequest, _value: void, taken: boolean) {
    r.listing?.settle(s.references, taken);
    r.listing = undefined;
  },
} as const;

export const READDIR: Handler<void> = { call: (s, r, a) => list(s, r, a, false), ...listingReply };

export const READDIRPLUS: Handler<void> = {
  call: (s, r, a) => list(s, r, a, true),
  ...listingReply,
};

export const RELEASEDIR: Handler<void> = {
  call: (s, r, a) => s.fs.releasedir?.(r, r.node, handleAt(a.b, a.at, st.RELEASE_IN.at.fh)),
  reply: empty,
};

export const FSYNCDIR: Handler<void> = {
  call(s, r, a) {
    const f = st.FSYNC_IN.at;
    if (s.fs.fsyncdir === undefined) return notImplemented();
    const datasync = (getU32(a.b, a.at, f.fsync_flags) & FSYNC_FDATASYNC) !== 0;
    return s.fs.fsyncdir(r, r.node, handleAt(a.b, a.at, f.fh), datasync);
  },
  reply: empty,
};
