import type { Lock } from '../filesystem.js';
import { LK_FLOCK } from '../protocol/flags.js';
import { getBigU64, getU32, putBigU64, putU32 } from '../protocol/layout.js';
import type { Arguments } from '../protocol/request.js';
import * as st from '../protocol/structs.js';
import { empty, notImplemented, type Handler, type Served } from './handler.js';
import { handleAt } from './handles.js';
import type { KernelRequest } from './kernel-request.js';

function lockOf(a: Arguments): Lock {
  const f = st.LK_IN.at;
  return {
    start: getBigU64(a.b, a.at, f.start),
    end: getBigU64(a.b, a.at, f.end),
    type: getU32(a.b, a.at, f.type),
    pid: getU32(a.b, a.at, f.pid),
  };
}

export const GETLK: Handler<Lock> = {
  call(s, r, a) {
    const f = st.LK_IN.at;
    const owner = getBigU64(a.b, a.at, f.owner);
    return s.fs.getlk?.(r, r.node, handleAt(a.b, a.at, f.fh), owner, lockOf(a)) ?? notImplemented();
  },
  reply(_s, _r, value, b, at) {
    const f = st.LK_OUT.at;
    putBigU64(b, at, f.start, value.start);
    putBigU64(b, at, f.end, value.end);
    putU32(b, at, f.type, value.type);
    putU32(b, at, f.pid, value.pid);
    return st.LK_OUT.size;
  },
};

function setlk(s: Served, r: KernelRequest, a: Arguments, sleep: boolean) {
  const f = st.LK_IN.at;
  if (s.fs.setlk === undefined) return notImplemented();
  const owner = getBigU64(a.b, a.at, f.owner);
  const flock = (getU32(a.b, a.at, f.lk_flags) & LK_FLOCK) !== 0;
  return s.fs.setlk(r, r.node, handleAt(a.b, a.at, f.fh), owner, lockOf(a), sleep, flock);
}

export const SETLK: Handler<void> = { call: (s, r, a) => setlk(s, r, a, false), reply: empty };
export const SETLKW: Handler<void> = { call: (s, r, a) => setlk(s, r, a, true), reply: empty };
