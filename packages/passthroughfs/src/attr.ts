import type { Attr, AttrReply, Entry } from '@scorpiofs/fuse';

import { S } from '@scorpiofs/posix';

import type { Host } from './host.js';
import type { HostMount } from './mounts.js';
import type { HostNode } from './node.js';
import { readOverride } from './override.js';

/**
 * Number as shown. The kernel shows one device for the whole mount, so numbers of another file system below the source get
 * its index in bits 48 to 61: below 2^62, which a kernel overlay needs (fuse-transport §8).
 */
export function shownIno(mount: HostMount, ino: bigint): bigint {
  return mount.index === 0 ? ino : ino ^ (BigInt(mount.index & 0x3fff) << 48n);
}

/** Attributes that the last `statx` put into `host.stat`, which were the node's. */
export function attrOf(host: Host, node: HostNode): Attr {
  const { stat } = host;
  const { mount } = node;
  const attr: Attr = {
    ino: shownIno(mount, stat.ino),
    mode: stat.mode,
    nlink: stat.nlink,
    uid: host.uids.show(stat.uid),
    gid: host.gids.show(stat.gid),
    rdev: stat.rdev,
    size: stat.size,
    blocks: stat.blocks,
    blksize: stat.blksize,
    atimeNs: stat.atimeNs,
    mtimeNs: stat.mtimeNs,
    ctimeNs: stat.ctimeNs,
  };
  const override = readOverride(host, node);
  if (override !== undefined) {
    attr.uid = override.uid;
    attr.gid = override.gid;
    attr.mode = (attr.mode & S.IFMT) | override.mode;
  }
  return attr;
}

export function attrReply(host: Host, node: HostNode): AttrReply {
  return { attr: attrOf(host, node), attrTtl: host.ttl };
}

/** Takes no lookup reference. */
export function entryOf(host: Host, node: HostNode): Entry {
  return {
    node: node.id,
    generation: host.generation,
    entryTtl: host.ttl,
    attr: attrOf(host, node),
    attrTtl: host.ttl,
  };
}
