import type { Entry, Handle, OpenReply } from '../filesystem.js';
import { ENTRY_SIZE, putEntry } from '../protocol/attr.js';
import { FSYNC_FDATASYNC, OPEN_KILL_SUIDGID, WRITE as WRITE_FLAG } from '../protocol/flags.js';
import { getBigU64, getU32, getU64 } from '../protocol/layout.js';
import * as st from '../protocol/structs.js';
import { empty, notImplemented, type Handler, type Served } from './handler.js';
import { handleAt } from './handles.js';
import type { KernelRequest } from './kernel-request.js';
import { invalid } from './invalid.js';
import { putCount, putOpen } from './put.js';

const NO_HANDLE = 0 as Handle;
const HEADER = st.OUT_HEADER.size;

export const OPEN: Handler<OpenReply> = {
  call(s, r, a) {
    const f = st.OPEN_IN.at;
    if (s.fs.open === undefined) return s.noOpen ? notImplemented() : { fh: NO_HANDLE };
    const kill = (getU32(a.b, a.at, f.open_flags) & OPEN_KILL_SUIDGID) !== 0;
    r.flags = getU32(a.b, a.at, f.flags);
    return s.fs.open(r, r.node, r.flags, kill);
  },
  reply: (s, r, value, b, at) => putOpen(b, at, value, backingFor(s, r, r.node, value)),
  settle(s, r, value, taken) {
    if (!taken) release(s, r, r.node, value.fh);
  },
};

function backingFor(s: Served, r: KernelRequest, node: Entry['node'], open: OpenReply): number {
  r.counted = true;
  const id = s.backing.open(node, open.backingFd);
  if (id === 0 && open.backingFd !== undefined) open.onPlain?.();
  return id;
}

/** An open that never reached the kernel: nobody else will close it. */
function release(s: Served, r: KernelRequest, node: Entry['node'], fh: Handle): void {
  if (r.counted) s.backing.release(node);
  s.inBackground(() => s.fs.release?.(r, node, fh, r.flags));
}

type Created = { readonly entry: Entry; readonly open: OpenReply };

const createdReply = {
  reply(s: Served, r: KernelRequest, value: Created, b: Buffer, at: number) {
    putEntry(b, at, value.entry);
    const backing = backingFor(s, r, value.entry.node, value.open);
    return ENTRY_SIZE + putOpen(b, at + ENTRY_SIZE, value.open, backing);
  },
  settle(s: Served, r: KernelRequest, value: Created, taken: boolean) {
    if (taken) {
      s.references.taken(value.entry.node);
      return;
    }
    release(s, r, value.entry.node, value.open.fh);
    s.references.notTaken(value.entry.node);
  },
} as const;

export const CREATE: Handler<Created> = {
  call(s, r, a) {
    const f = st.CREATE_IN.at;
    const [mode, umask] = [getU32(a.b, a.at, f.mode), getU32(a.b, a.at, f.umask)];
    r.flags = getU32(a.b, a.at, f.flags);
    return s.fs.create?.(r, r.node, a.name, mode, r.flags, umask) ?? notImplemented();
  },
  ...createdReply,
};

export const TMPFILE: Handler<Created> = {
  call(s, r, a) {
    const f = st.CREATE_IN.at;
    const [mode, umask] = [getU32(a.b, a.at, f.mode), getU32(a.b, a.at, f.umask)];
    r.flags = getU32(a.b, a.at, f.flags);
    return s.fs.tmpfile?.(r, r.node, mode, r.flags, umask) ?? notImplemented();
  },
  ...createdReply,
};

/** The file system fills the reply where it will be sent from: no copy. */
export const READ: Handler<number> = {
  call(s, r, a) {
    const f = st.READ_IN.at;
    r.size = getU32(a.b, a.at, f.size);
    if (r.size > s.maxRead) return invalid();
    const fh = handleAt(a.b, a.at, f.fh);
    const offset = getU64(a.b, a.at, f.offset);
    const flags = getU32(a.b, a.at, f.flags);
    r.out = s.pool.take(HEADER + r.size);
    const into = r.out.subarray(HEADER, HEADER + r.size);
    return s.fs.read?.(r, r.node, fh, offset, into, flags) ?? notImplemented();
  },
  reply(_s, r, value) {
    if (!Number.isInteger(value) || value < 0 || value > r.size) {
      throw new RangeError(`read returned ${value} of at most ${r.size}`);
    }
    return value;
  },
};

export const WRITE: Handler<number> = {
  call(s, r, a) {
    const f = st.WRITE_IN.at;
    r.size = getU32(a.b, a.at, f.size);
    if (a.dataAt + r.size > a.end) return invalid();
    const how = getU32(a.b, a.at, f.write_flags);
    const data = a.b.subarray(a.dataAt, a.dataAt + r.size);
    return (
      s.fs.write?.(r, r.node, handleAt(a.b, a.at, f.fh), getU64(a.b, a.at, f.offset), data, {
        flags: getU32(a.b, a.at, f.flags),
        cached: (how & WRITE_FLAG.CACHE) !== 0,
        killSuidgid: (how & WRITE_FLAG.KILL_SUIDGID) !== 0,
      }) ?? notImplemented()
    );
  },
  reply(_s, r, value, b, at) {
    if (value > r.size) throw new RangeError(`write returned ${value} of ${r.size}`);
    return putCount(b, at, value);
  },
};

/** Answered ENOSYS once, close() costs no request any more. */
export const FLUSH: Handler<void> = {
  call(s, r, a) {
    const f = st.FLUSH_IN.at;
    if (s.fs.flush === undefined) return notImplemented();
    return s.fs.flush(r, r.node, handleAt(a.b, a.at, f.fh), getBigU64(a.b, a.at, f.lock_owner));
  },
  reply: empty,
};

export const RELEASE: Handler<void> = {
  call(s, r, a) {
    const f = st.RELEASE_IN.at;
    s.backing.release(r.node);
    return s.fs.release?.(r, r.node, handleAt(a.b, a.at, f.fh), getU32(a.b, a.at, f.flags));
  },
  reply: empty,
};

export const FSYNC: Handler<void> = {
  call(s, r, a) {
    const f = st.FSYNC_IN.at;
    if (s.fs.fsync === undefined) return notImplemented();
    const datasync = (getU32(a.b, a.at, f.fsync_flags) & FSYNC_FDATASYNC) !== 0;
    return s.fs.fsync(r, r.node, handleAt(a.b, a.at, f.fh), datasync);
  },
  reply: empty,
};
