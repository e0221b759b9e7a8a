import type { Name } from '@scorpiofs/fuse';
import { AT_SYMLINK_NOFOLLOW, S, statx, STATX, type Errno } from '@scorpiofs/posix';

import type { Host } from './host.js';
import type { HostNode } from './node.js';
import { dropUnreferenced, observe } from './observe.js';

/** A name in a directory, and a descriptor of that. */
export interface Place {
  readonly dir: HostNode;
  readonly fd: number;
  readonly name: Name;
}

/**
 * What a name leads to that is about to go, or `-errno`; undefined where nothing needs to be known of it. Whose last name it
 * is can only be asked before, and only then can it be opened: without a descriptor nothing would find it again while
 * somebody is in it or has it open.
 */
export function leaving(host: Host, place: Place, other: HostNode): HostNode | Errno | undefined {
  const { dir, fd, name } = place;
  if (dir.mount.byHandle) {
    // A regular file that is used is open here. To open the others would make removing them, the most of all work in a
    // large tree, half as dear again: ext4 then keeps an orphan for each.
    const r = statx(fd, name, AT_SYMLINK_NOFOLLOW, host.stat, STATX.BASIC);
    if (r !== 0) return r;
    if ((host.stat.mode & S.IFMT) === S.IFREG) return undefined;
  }
  const node = observe(host, dir, fd, name);
  if (typeof node === 'number' || node.lookups === 0) return node;
  const isLast = node.type === S.IFDIR || host.stat.nlink <= 1;
  if (isLast) host.descriptors.keep(node, dir, other);
  // It has other names, but perhaps none that is known. Another may be long in use, so only the cache may have this one.
  else if (!node.mount.byHandle) host.descriptors.of(node, dir);
  return node;
}

/** Afterwards: `gone` when the name no longer leads to the node. */
export function left(host: Host, node: HostNode, gone: boolean): void {
  if (!gone) host.descriptors.drop(node);
  dropUnreferenced(host, node);
}
