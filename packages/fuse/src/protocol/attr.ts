import type { Attr, AttrReply, Entry, NegativeEntry } from '../filesystem.js';
import { putBigU64, putSeconds, putU32, putU64, type At } from './layout.js';
import { ATTR, ATTR_OUT, ENTRY_OUT } from './structs.js';

const NS = 1_000_000_000n;
/** The kernel cuts longer lifetimes off at what its clock can hold. */
const FOR_EVER = 2 ** 40;

export const ENTRY_SIZE = ENTRY_OUT.size + ATTR.size;

export function putAttr(b: Buffer, at: number, attr: Attr): void {
  putBigU64(b, at, ATTR.at.ino, attr.ino);
  putU64(b, at, ATTR.at.size, attr.size);
  putU64(b, at, ATTR.at.blocks, attr.blocks);
  putTime(b, at, ATTR.at.atime, ATTR.at.atimensec, attr.atimeNs);
  putTime(b, at, ATTR.at.mtime, ATTR.at.mtimensec, attr.mtimeNs);
  putTime(b, at, ATTR.at.ctime, ATTR.at.ctimensec, attr.ctimeNs);
  putU32(b, at, ATTR.at.mode, attr.mode);
  putU32(b, at, ATTR.at.nlink, attr.nlink);
  putU32(b, at, ATTR.at.uid, attr.uid);
  putU32(b, at, ATTR.at.gid, attr.gid);
  putU32(b, at, ATTR.at.rdev, attr.rdev);
  putU32(b, at, ATTR.at.blksize, attr.blksize);
  putU32(b, at, ATTR.at.flags, 0);
}

export function putAttrReply(b: Buffer, at: number, reply: AttrReply): number {
  putLifetime(b, at, ATTR_OUT.at.attr_valid, ATTR_OUT.at.attr_valid_nsec, reply.attrTtl);
  putU32(b, at, ATTR_OUT.at.dummy, 0);
  putAttr(b, at + ATTR_OUT.size, reply.attr);
  return ATTR_OUT.size + ATTR.size;
}

export function putEntry(b: Buffer, at: number, entry: Entry | NegativeEntry): number {
  const f = ENTRY_OUT.at;
  if (!('attr' in entry)) {
    b.fill(0, at, at + ENTRY_SIZE);
    putLifetime(b, at, f.entry_valid, f.entry_valid_nsec, entry.entryTtl);
    return ENTRY_SIZE;
  }
  putU64(b, at, f.nodeid, entry.node);
  putU64(b, at, f.generation, entry.generation);
  putLifetime(b, at, f.entry_valid, f.entry_valid_nsec, entry.entryTtl);
  putLifetime(b, at, f.attr_valid, f.attr_valid_nsec, entry.attrTtl);
  putAttr(b, at + ENTRY_OUT.size, entry.attr);
  return ENTRY_SIZE;
}

/** Whether two entries differ in no more than `putNext` writes. */
export function sameKind(a: Entry, b: Entry): boolean {
  const [x, y] = [a.attr, b.attr];
  return (
    x.mode === y.mode &&
    x.mtimeNs === y.mtimeNs &&
    x.ctimeNs === y.ctimeNs &&
    x.atimeNs === y.atimeNs &&
    x.nlink === y.nlink &&
    x.uid === y.uid &&
    x.gid === y.gid &&
    x.rdev === y.rdev &&
    x.blksize === y.blksize &&
    a.generation === b.generation &&
    a.attrTtl === b.attrTtl &&
    a.entryTtl === b.entryTtl
  );
}

/** As `putEntry`, over a copy of an entry of the same kind. */
export function putNext(b: Buffer, at: number, { node, attr }: Entry): void {
  const attrAt = at + ENTRY_OUT.size;
  putU64(b, at, ENTRY_OUT.at.nodeid, node);
  putBigU64(b, attrAt, ATTR.at.ino, attr.ino);
  putU64(b, attrAt, ATTR.at.size, attr.size);
  putU64(b, attrAt, ATTR.at.blocks, attr.blocks);
}

// Files of one tree mostly share few distinct times, and dividing bigints costs more than the rest of an attribute.
let lastNs = 0n;
let lastSeconds = 0;
let lastRest = 0;

function putTime(b: Buffer, at: number, seconds: At<'u64'>, nsec: At<'u32'>, ns: bigint): void {
  if (ns !== lastNs) {
    let whole = ns / NS;
    if (ns < whole * NS) whole -= 1n;
    lastNs = ns;
    lastSeconds = Number(whole);
    lastRest = Number(ns - whole * NS);
  }
  putSeconds(b, at, seconds, lastSeconds);
  putU32(b, at, nsec, lastRest);
}

function putLifetime(
  b: Buffer,
  at: number,
  seconds: At<'u64'>,
  nsec: At<'u32'>,
  ttl: number,
): void {
  const whole = ttl >= FOR_EVER ? FOR_EVER : Math.floor(ttl);
  putU64(b, at, seconds, whole);
  putU32(b, at, nsec, ttl >= FOR_EVER ? 0 : Math.floor((ttl - whole) * 1e9));
}
