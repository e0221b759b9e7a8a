import type { Name } from '@scorpiofs/fuse';
import {
  AT_EMPTY_PATH,
  AT_SYMLINK_NOFOLLOW,
  close,
  failed,
  fstat,
  nameToHandleAt,
  O,
  openat,
  S,
  statx,
  STATX,
  type Errno,
} from '@scorpiofs/posix';

import type { Host } from './host.js';
import { handleIsOf, keyOfStat, WANTED } from './identity.js';
import type { HostMount } from './mounts.js';
import type { HostNode } from './node.js';

/**
 * The node a name leads to, with its attributes in `host.stat`. Takes no lookup reference: a node that nobody takes is
 * dropped by `dropUnreferenced`. `dirfd` is a descriptor of `parent`.
 */
export function observe(host: Host, parent: HostNode, dirfd: number, name: Name): HostNode | Errno {
  const { stat, handle } = host;
  const r = statx(dirfd, name, AT_SYMLINK_NOFOLLOW, stat, WANTED);
  if (r !== 0) return r;
  const { mount } = parent;
  if (stat.dev !== mount.dev) return observeOpened(host, parent, dirfd, name);
  if (!mount.byHandle) return remember(host, parent, name, mount, keyOfStat(stat));
  const h = nameToHandleAt(dirfd, name, handle);
  if (h !== 0) return h;
  if (handle.mountId !== mount.mountId || !handleIsOf(handle, stat)) {
    return observeOpened(host, parent, dirfd, name);
  }
  return remember(host, parent, name, mount, handle.key);
}

/** The slow way, in which nothing can come between: one descriptor answers every question. */
function observeOpened(host: Host, parent: HostNode, dirfd: number, name: Name): HostNode | Errno {
  const fd = openat(dirfd, name, O.O_PATH | O.O_NOFOLLOW);
  if (fd < 0) return fd as Errno;
  const node = observeDescriptor(host, parent, name, fd);
  if (typeof node === 'number' || node.fd >= 0 || node.type === S.IFDIR) close(fd);
  else host.descriptors.add(node, fd, parent);
  return node;
}

/** The node of an open descriptor, which stays the caller's. */
export function observeDescriptor(
  host: Host,
  parent: HostNode,
  name: Name | undefined,
  fd: number,
): HostNode | Errno {
  const { stat, handle } = host;
  const r = fstat(fd, stat, WANTED | STATX.MNT_ID);
  if (r !== 0) return r;
  const hasHandle = nameToHandleAt(fd, '', handle, AT_EMPTY_PATH) === 0;
  const mountId = hasHandle ? handle.mountId : Number(stat.mountId);
  const mount = mountOf(host, mountId, fd);
  if (typeof mount === 'number') return mount;
  if (mount.byHandle && !hasHandle) return failed('ESTALE');
  return remember(host, parent, name, mount, mount.byHandle ? handle.key : keyOfStat(stat));
}

function mountOf(host: Host, mountId: number, fd: number): HostMount | Errno {
  const { dev, mode } = host.stat;
  const known = host.mounts.find(mountId, dev);
  if (known) return known;
  // A file that is a mount of its own (a bind mount) gives nothing to open by handle with: it is known by its name.
  const isDirectory = (mode & S.IFMT) === S.IFDIR;
  const own = isDirectory ? openat(fd, '.', O.O_RDONLY | O.O_DIRECTORY) : -1;
  if (isDirectory && own < 0) return own as Errno;
  return host.mounts.add(mountId, dev, own);
}

function remember(
  host: Host,
  parent: HostNode,
  name: Name | undefined,
  mount: HostMount,
  key: string,
): HostNode {
  const { nodes, stat } = host;
  const type = stat.mode & S.IFMT;
  let node = nodes.withKey(mount, key);
  // One identity, another type: a number used again without a time of birth to tell. The old file is gone.
  if (node === undefined || node.type !== type) node = nodes.add(mount, key, type);
  if (!mount.byHandle && name !== undefined) sawAs(node, parent, name);
  return node;
}

const MAX_NAMES = 8;

function sawAs(node: HostNode, parent: HostNode, name: Name): void {
  if (node.pinned) return;
  const first = node.seenAs?.[0];
  if (first?.parent === parent && first.name === name) return;
  const others = node.seenAs?.filter((each) => each.parent !== parent || each.name !== name) ?? [];
  node.seenAs = [{ parent, name }, ...others.slice(0, MAX_NAMES - 1)];
}

/** The name no longer leads to the node. */
export function lostName(node: HostNode, parent: HostNode, name: Name): void {
  node.seenAs = node.seenAs?.filter((each) => each.parent !== parent || each.name !== name);
}

/** After an observation that led to no entry in the kernel. */
export function dropUnreferenced(host: Host, node: HostNode): void {
  if (node.lookups > 0 || node.pinned || node.files !== undefined) return;
  host.descriptors.drop(node);
  host.nodes.remove(node);
}
