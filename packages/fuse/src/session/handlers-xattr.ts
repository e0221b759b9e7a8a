import { errno } from '@scorpiofs/posix';

import { FsError } from '../fs-error.js';
import type { Name } from '../name.js';
import { SETXATTR_ACL_KILL_SGID } from '../protocol/flags.js';
import { getU32, putU32 } from '../protocol/layout.js';
import * as st from '../protocol/structs.js';
import { empty, notImplemented, type Handler } from './handler.js';
import { invalid } from './invalid.js';
import type { KernelRequest } from './kernel-request.js';

/** A size of 0 asks how much there is. */
function putSized(r: KernelRequest, value: Uint8Array, b: Buffer, at: number): number {
  if (r.size === 0) {
    putU32(b, at, st.GETXATTR_OUT.at.size, value.length);
    putU32(b, at, st.GETXATTR_OUT.at.padding, 0);
    return st.GETXATTR_OUT.size;
  }
  if (value.length > r.size) throw FsError.of(34, 'attribute larger than asked for');
  b.set(value, at);
  return value.length;
}

export const GETXATTR: Handler<Uint8Array | undefined> = {
  call(s, r, a) {
    r.size = getU32(a.b, a.at, st.GETXATTR_IN.at.size);
    return s.fs.getxattr ? s.fs.getxattr(r, r.node, a.name) : notImplemented();
  },
  reply: (_s, r, value, b, at) =>
    value === undefined ? -errno.ENODATA : putSized(r, value, b, at),
};

export const LISTXATTR: Handler<readonly Name[]> = {
  call(s, r, a) {
    r.size = getU32(a.b, a.at, st.GETXATTR_IN.at.size);
    return s.fs.listxattr?.(r, r.node) ?? notImplemented();
  },
  reply: (_s, r, value, b, at) =>
    putSized(r, Buffer.from(value.map((name) => `${name}\0`).join(''), 'latin1'), b, at),
};

export const SETXATTR: Handler<void> = {
  call(s, r, a) {
    const f = st.SETXATTR_IN.at;
    const size = getU32(a.b, a.at, f.size);
    if (a.dataAt + size > a.end) return invalid();
    const clearSgid =
      s.setxattrExt && (getU32(a.b, a.at, f.setxattr_flags) & SETXATTR_ACL_KILL_SGID) !== 0;
    const value = a.b.subarray(a.dataAt, a.dataAt + size);
    const flags = getU32(a.b, a.at, f.flags);
    if (s.fs.setxattr === undefined) return notImplemented();
    return s.fs.setxattr(r, r.node, a.name, value, flags, clearSgid);
  },
  reply: empty,
};

export const REMOVEXATTR: Handler<void> = {
  call: (s, r, a) => (s.fs.removexattr ? s.fs.removexattr(r, r.node, a.name) : notImplemented()),
  reply: empty,
};
