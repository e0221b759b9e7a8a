import type { Attr, NodeId } from '@scorpiofs/fuse';
import type { EntryKind } from '@scorpiofs/objects';

export const S_IFDIR = 0o040000;
export const S_IFREG = 0o100000;
export const S_IFLNK = 0o120000;
const BLOCK = 512;
const BLKSIZE = 4096;

const MODES: Readonly<Record<EntryKind, number>> = {
  file: S_IFREG | 0o644,
  executable: S_IFREG | 0o755,
  symlink: S_IFLNK | 0o777,
  directory: S_IFDIR | 0o755,
  submodule: S_IFDIR | 0o755,
};

export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

export function modeOf(kind: EntryKind): number {
  return MODES[kind];
}

/** `time` in milliseconds. The inode number is the node id: below 2^53, so that an overlay can add its own bits (design D5). */
export function attributes(
  node: NodeId,
  kind: EntryKind,
  size: number,
  time: number,
  { uid, gid }: Owner,
): Attr {
  const mode = MODES[kind];
  const ns = nanoseconds(time);
  return {
    ino: BigInt(node),
    mode,
    nlink: kind === 'directory' || kind === 'submodule' ? 2 : 1,
    uid,
    gid,
    rdev: 0,
    size,
    blocks: Math.ceil(size / BLOCK),
    blksize: BLKSIZE,
    atimeNs: ns,
    mtimeNs: ns,
    ctimeNs: ns,
  };
}

/** The entries of a directory mostly have one time: made once, since a big number is an object. */
let [lastTime, lastNs] = [0, 0n];

function nanoseconds(time: number): bigint {
  if (time !== lastTime) [lastTime, lastNs] = [time, BigInt(time) * 1_000_000n];
  return lastNs;
}
