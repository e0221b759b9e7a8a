import type { Entry, Handle, Name, NodeId, OpenReply, Request } from '@scorpiofs/fuse';
import {
  AT_EMPTY_PATH,
  AT_FDCWD,
  AT_SYMLINK_FOLLOW,
  AT_SYMLINK_NOFOLLOW,
  close,
  failed,
  fchmod,
  fchmodat,
  getxattr,
  linkat,
  mkdirat,
  mknodat,
  O,
  openat,
  procPath,
  S,
  symlinkat,
} from '@scorpiofs/posix';

import { check, failure, must } from './fail.js';
import { hostFlags, openReply } from './file.js';
import type { Host } from './host.js';
import { take } from './lookup.js';
import { checkNewName } from './names.js';
import type { HostNode } from './node.js';
import { observe, observeDescriptor } from './observe.js';

interface Place {
  readonly parent: HostNode;
  readonly dirfd: number;
}

function placeFor(host: Host, parentId: NodeId, name: Name): Place {
  host.assertWritable();
  checkNewName(name);
  const parent = host.nodes.get(parentId);
  return { parent, dirfd: check(host.descriptors.of(parent)) };
}

function asCaller(host: Host, req: Request, call: () => number): number {
  return check(host.actor.as(host.uids.ofCaller(req.uid), host.gids.ofCaller(req.gid), call));
}

/**
 * The mode to ask the host for. A default ACL of the directory takes the place of the umask (acl(5)), so the umask is
 * applied here (DONT_MASK) and only without one. What this process's own umask takes away besides is given back by
 * `restoreMode`: the umask itself belongs to all threads and cannot be changed for one call.
 */
function modeAt(place: Place, mode: number, umask: number): number {
  return hasDefaultAcl(place) ? mode : mode & ~umask;
}

function hasDefaultAcl({ parent, dirfd }: Place): boolean {
  if (parent.mount.noAcl) return false;
  let acl = getxattr(dirfd, 'system.posix_acl_default');
  if (acl === failed('EBADF')) acl = getxattr(procPath(dirfd), 'system.posix_acl_default');
  if (acl === failed('EOPNOTSUPP')) parent.mount.noAcl = true;
  return typeof acl !== 'number';
}

function lostToUmask(host: Host, place: Place, asked: number): number {
  const lost = asked & host.processUmask & ~host.stat.mode & 0o777;
  return lost === 0 || hasDefaultAcl(place) ? 0 : lost;
}

function finish(host: Host, place: Place, name: Name, asked?: number): Entry {
  let node = must(observe(host, place.parent, place.dirfd, name));
  const lost = asked === undefined ? 0 : lostToUmask(host, place, asked);
  if (lost !== 0) {
    const mode = (host.stat.mode & 0o7777) | lost;
    check(fchmodat(place.dirfd, name, mode, AT_SYMLINK_NOFOLLOW));
    node = must(observe(host, place.parent, place.dirfd, name));
  }
  return take(host, node);
}

export function mkdir(
  host: Host,
  req: Request,
  parentId: NodeId,
  name: Name,
  mode: number,
  umask: number,
): Entry {
  const place = placeFor(host, parentId, name);
  const asked = modeAt(place, mode & 0o7777, umask);
  asCaller(host, req, () => mkdirat(place.dirfd, name, asked));
  return finish(host, place, name, asked);
}

export function mknod(
  host: Host,
  req: Request,
  parentId: NodeId,
  name: Name,
  mode: number,
  rdev: number,
  umask: number,
): Entry {
  const place = placeFor(host, parentId, name);
  const asked = modeAt(place, mode, umask);
  asCaller(host, req, () => mknodat(place.dirfd, name, asked, rdev));
  return finish(host, place, name, asked);
}

export function symlink(
  host: Host,
  req: Request,
  parentId: NodeId,
  name: Name,
  target: Uint8Array,
): Entry {
  const place = placeFor(host, parentId, name);
  asCaller(host, req, () => symlinkat(target, place.dirfd, name));
  return finish(host, place, name);
}

export function link(host: Host, id: NodeId, newParentId: NodeId, newName: Name): Entry {
  const node = host.nodes.get(id);
  const place = placeFor(host, newParentId, newName);
  const source = check(host.descriptors.ofAny(node, place.parent));
  // AT_EMPTY_PATH needs a capability; the way through /proc needs none, and links a symlink itself too.
  let r = linkat(source, '', place.dirfd, newName, AT_EMPTY_PATH);
  if (r === failed('ENOENT') || r === failed('EPERM')) {
    r = linkat(AT_FDCWD, procPath(source), place.dirfd, newName, AT_SYMLINK_FOLLOW);
  }
  check(r);
  return finish(host, place, newName);
}

export interface Created {
  readonly entry: Entry;
  readonly open: OpenReply;
}

export function create(
  host: Host,
  req: Request,
  parentId: NodeId,
  name: Name,
  mode: number,
  flags: number,
  umask: number,
): Created {
  const place = placeFor(host, parentId, name);
  const asked = modeAt(place, mode & 0o7777, umask);
  // O_NONBLOCK: what is there already may be a FIFO, and opening one waits.
  const wanted = hostFlags(host, flags) | O.O_CREAT | O.O_NOFOLLOW | O.O_NONBLOCK;
  const exclusive = flags & O.O_EXCL;
  const fd = asCaller(host, req, () => openat(place.dirfd, name, wanted | exclusive, asked));
  return opened(host, req, place, name, fd, asked);
}

export function tmpfile(
  host: Host,
  req: Request,
  parentId: NodeId,
  mode: number,
  flags: number,
  umask: number,
): Created {
  host.assertWritable();
  const parent = host.nodes.get(parentId);
  const place = { parent, dirfd: check(host.descriptors.of(parent)) };
  const asked = modeAt(place, mode & 0o7777, umask);
  const wanted = hostFlags(host, flags) | O.O_TMPFILE | (flags & O.O_EXCL);
  const fd = asCaller(host, req, () => openat(place.dirfd, '.', wanted, asked));
  return opened(host, req, place, undefined, fd, asked);
}

function opened(
  host: Host,
  req: Request,
  place: Place,
  name: Name | undefined,
  fd: number,
  asked: number,
): Created {
  let fh: Handle | undefined;
  try {
    let node = must(observeDescriptor(host, place.parent, name, fd));
    if (node.type !== S.IFREG) throw failure('EEXIST');
    const lost = lostToUmask(host, place, asked);
    if (lost !== 0 && host.stat.size === 0) {
      check(fchmod(fd, (host.stat.mode & 0o7777) | lost));
      node = must(observeDescriptor(host, place.parent, name, fd));
    }
    fh = host.files.add(node, fd);
    return { open: openReply(host, req, node, fh, true), entry: take(host, node) };
  } catch (error) {
    if (fh === undefined) close(fd);
    throw error;
  }
}
