import type { AttrReply, Entry, NegativeEntry, NodeId, SetAttr } from '../filesystem.js';
import { FsError } from '../fs-error.js';
import { nameToBytes } from '../name.js';
import { putAttrReply, putEntry } from '../protocol/attr.js';
import { FATTR, GETATTR_FH } from '../protocol/flags.js';
import { getBigU64, getU32, getU64 } from '../protocol/layout.js';
import type { Arguments } from '../protocol/request.js';
import * as st from '../protocol/structs.js';
import { empty, notImplemented, type Handler, type Served } from './handler.js';
import { handleAt } from './handles.js';
import type { KernelRequest } from './kernel-request.js';

/** Shared by all that answer with an entry. */
const entryReply = {
  reply(_s: Served, _r: KernelRequest, value: Entry | NegativeEntry, b: Buffer, at: number) {
    return putEntry(b, at, value);
  },
  settle(s: Served, _r: KernelRequest, value: Entry | NegativeEntry, taken: boolean) {
    if (!('attr' in value)) return;
    if (taken) s.references.taken(value.node);
    else s.references.notTaken(value.node);
  },
} as const;

const attrReply = {
  reply(_s: Served, _r: KernelRequest, value: AttrReply, b: Buffer, at: number) {
    return putAttrReply(b, at, value);
  },
} as const;

export const LOOKUP: Handler<Entry | NegativeEntry> = {
  call: (s, r, a) => s.fs.lookup?.(r, r.node, a.name) ?? notImplemented(),
  ...entryReply,
};

export const GETATTR: Handler<AttrReply> = {
  call(s, r, a) {
    const f = st.GETATTR_IN.at;
    const fh =
      getU32(a.b, a.at, f.getattr_flags) & GETATTR_FH ? handleAt(a.b, a.at, f.fh) : undefined;
    return s.fs.getattr?.(r, r.node, fh) ?? notImplemented();
  },
  ...attrReply,
};

export const SETATTR: Handler<AttrReply> = {
  call(s, r, a) {
    const f = st.SETATTR_IN.at;
    const fh = getU32(a.b, a.at, f.valid) & FATTR.FH ? handleAt(a.b, a.at, f.fh) : undefined;
    return s.fs.setattr?.(r, r.node, setAttrOf(a), fh) ?? notImplemented();
  },
  ...attrReply,
};

function setAttrOf(a: Arguments): SetAttr {
  const f = st.SETATTR_IN.at;
  const { b, at } = a;
  const valid = getU32(b, at, f.valid);
  const time = (now: number, set: number, sec: 'atime' | 'mtime' | 'ctime') => {
    if (valid & now) return 'now' as const;
    return valid & set ? timeAt(b, at, sec) : undefined;
  };
  const atimeNs = time(FATTR.ATIME_NOW, FATTR.ATIME, 'atime');
  const mtimeNs = time(FATTR.MTIME_NOW, FATTR.MTIME, 'mtime');
  // One by one: a chain of spreads costs more than the rest of the request.
  const set: { -readonly [K in keyof SetAttr]: SetAttr[K] } = {};
  if (valid & FATTR.MODE) set.mode = getU32(b, at, f.mode) & 0o7777;
  if (valid & FATTR.UID) set.uid = getU32(b, at, f.uid);
  if (valid & FATTR.GID) set.gid = getU32(b, at, f.gid);
  if (valid & FATTR.SIZE) set.size = getU64(b, at, f.size);
  if (atimeNs !== undefined) set.atimeNs = atimeNs;
  if (mtimeNs !== undefined) set.mtimeNs = mtimeNs;
  if (valid & FATTR.CTIME) set.ctimeNs = timeAt(b, at, 'ctime');
  if (valid & FATTR.KILL_SUIDGID) set.killSuidgid = true;
  return set;
}

function timeAt(b: Buffer, at: number, which: 'atime' | 'mtime' | 'ctime'): bigint {
  const f = st.SETATTR_IN.at;
  const seconds = BigInt.asIntN(64, getBigU64(b, at, f[which]));
  return seconds * 1_000_000_000n + BigInt(getU32(b, at, f[`${which}nsec`]));
}

export const READLINK: Handler<Uint8Array> = {
  call: (s, r) => s.fs.readlink?.(r, r.node) ?? notImplemented(),
  reply(_s, _r, value, b, at) {
    // What does not fit the kernel's page would be cut off silently.
    if (value.length > 4095) throw FsError.of(36, 'symlink target too long');
    b.set(value, at);
    return value.length;
  },
};

export const SYMLINK: Handler<Entry> = {
  call: (s, r, a) => s.fs.symlink?.(r, r.node, a.name, nameToBytes(a.name2)) ?? notImplemented(),
  ...entryReply,
};

export const MKNOD: Handler<Entry> = {
  call(s, r, a) {
    const f = st.MKNOD_IN.at;
    const [mode, rdev, umask] = [
      getU32(a.b, a.at, f.mode),
      getU32(a.b, a.at, f.rdev),
      getU32(a.b, a.at, f.umask),
    ];
    return s.fs.mknod?.(r, r.node, a.name, mode, rdev, umask) ?? notImplemented();
  },
  ...entryReply,
};

export const MKDIR: Handler<Entry> = {
  call(s, r, a) {
    const f = st.MKDIR_IN.at;
    const [mode, umask] = [getU32(a.b, a.at, f.mode), getU32(a.b, a.at, f.umask)];
    return s.fs.mkdir?.(r, r.node, a.name, mode, umask) ?? notImplemented();
  },
  ...entryReply,
};

export const UNLINK: Handler<void> = {
  call: (s, r, a) => (s.fs.unlink ? s.fs.unlink(r, r.node, a.name) : notImplemented()),
  reply: empty,
};

export const RMDIR: Handler<void> = {
  call: (s, r, a) => (s.fs.rmdir ? s.fs.rmdir(r, r.node, a.name) : notImplemented()),
  reply: empty,
};

export const RENAME: Handler<void> = {
  call: (s, r, a) => rename(s, r, a, getU64(a.b, a.at, st.RENAME_IN.at.newdir), 0),
  reply: empty,
};

export const RENAME2: Handler<void> = {
  call(s, r, a) {
    const f = st.RENAME2_IN.at;
    return rename(s, r, a, getU64(a.b, a.at, f.newdir), getU32(a.b, a.at, f.flags));
  },
  reply: empty,
};

function rename(s: Served, r: KernelRequest, a: Arguments, newdir: number, flags: number) {
  return s.fs.rename
    ? s.fs.rename(r, r.node, a.name, newdir as NodeId, a.name2, flags)
    : notImplemented();
}

export const LINK: Handler<Entry> = {
  call(s, r, a) {
    const old = getU64(a.b, a.at, st.LINK_IN.at.oldnodeid) as NodeId;
    return s.fs.link?.(r, old, r.node, a.name) ?? notImplemented();
  },
  ...entryReply,
};

/** Asked only without `default_permissions`. ENOSYS: the kernel lets everyone in and stops asking. */
export const ACCESS: Handler<void> = {
  call: (s, r, a) =>
    s.fs.access
      ? s.fs.access(r, r.node, getU32(a.b, a.at, st.ACCESS_IN.at.mask))
      : notImplemented(),
  reply: empty,
};
