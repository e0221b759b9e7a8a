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
import { canHave, readOverride, writeOverride } from './override.js';

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

function callAs(host: Host, req: Request, call: () => number, wasAllowed = true): number {
  if (host.options.overrideXattr !== undefined) return call();
  const [uid, gid] = [host.uids.ofCaller(req.uid), host.gids.ofCaller(req.gid)];
  return host.actor.as(uid, gid, call, wasAllowed);
}

function asCaller(host: Host, req: Request, call: () => number): number {
  return check(callAs(host, req, call));
}

/** What a new file was asked to be: the mode for the host, and the caller's umask. */
interface Asked {
  readonly mode: number;
  readonly umask: number;
}

/**
 * The mode to ask the host for. A default ACL of the directory takes the place of the umask (acl(5)), so the umask is
 * applied here (DONT_MASK) and only without one. What this process's own umask takes away besides is given back by
 * `lostToUmask`: the umask itself belongs to all threads and cannot be changed for one call.
 */
function modeAt(host: Host, place: Place, mode: number, umask: number): Asked {
  const whole = { mode, umask };
  if (hostMasks(host, whole) || hasDefaultAcl(place)) return whole;
  return { mode: mode & ~umask, umask };
}

/** The two umasks agree on this mode, as they mostly do: then the host does it all, and needs not be asked for an ACL. */
function hostMasks(host: Host, { mode, umask }: Asked): boolean {
  if (host.options.overrideXattr !== undefined) return false;
  return (mode & umask & 0o777) === (mode & host.processUmask & 0o777);
}

/** Where the shown mode is kept elsewhere, the host's lets this process do its work, and is no set-id. */
function hostMode(host: Host, asked: number, access: number): number {
  return host.options.overrideXattr === undefined ? asked : (asked & ~0o7000) | access;
}

function hasDefaultAcl({ parent, dirfd }: Place): boolean {
  if (parent.mount.noAcl) return false;
  let acl = getxattr(dirfd, 'system.posix_acl_default');
  if (acl === failed('EBADF')) acl = getxattr(procPath(dirfd), 'system.posix_acl_default');
  if (acl === failed('EOPNOTSUPP')) parent.mount.noAcl = true;
  return typeof acl !== 'number';
}

function lostToUmask(host: Host, place: Place, asked: Asked): number {
  const lost = asked.mode & host.processUmask & ~host.stat.mode & 0o777;
  return lost === 0 || hostMasks(host, asked) || hasDefaultAcl(place) ? 0 : lost;
}

function finish(
  host: Host,
  req: Request | undefined,
  place: Place,
  name: Name,
  asked?: Asked,
): Entry {
  let node = must(observe(host, place.parent, place.dirfd, name));
  if (req !== undefined && asked !== undefined)
    recordOwner(host, req, place, node, undefined, asked.mode);
  const lost = asked === undefined ? 0 : lostToUmask(host, place, asked);
  if (lost !== 0) {
    const mode = (host.stat.mode & 0o7777) | lost;
    check(fchmodat(place.dirfd, name, mode, AT_SYMLINK_NOFOLLOW));
    node = must(observe(host, place.parent, place.dirfd, name));
  }
  return take(host, node);
}

/** Where owners are kept in an attribute, a new file gets one, with what a set-gid directory hands down. */
function recordOwner(
  host: Host,
  req: Request,
  place: Place,
  node: HostNode,
  fd: number | undefined,
  asked: number,
): void {
  if (host.options.overrideXattr === undefined || !canHave(node)) return;
  const { uid, gid } = req;
  const parent = readOverride(host, place.parent);
  const inherits = parent !== undefined && (parent.mode & S.ISGID) !== 0;
  const bit = inherits && node.type === S.IFDIR ? S.ISGID : 0;
  const mode = (asked & 0o7777) | bit;
  writeOverride(host, node, { uid, gid: inherits ? parent.gid : gid, mode }, fd);
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
  const asked = modeAt(host, place, mode & 0o7777, umask);
  asCaller(host, req, () => mkdirat(place.dirfd, name, hostMode(host, asked.mode, 0o700)));
  return finish(host, req, place, name, asked);
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
  const asked = modeAt(host, place, mode, umask);
  asCaller(host, req, () => mknodat(place.dirfd, name, hostMode(host, asked.mode, 0o600), rdev));
  return finish(host, req, place, name, asked);
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
  return finish(host, req, place, name);
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
  return finish(host, undefined, place, newName);
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
  const asked = modeAt(host, place, mode & 0o7777, umask);
  const wanted = hostFlags(host, flags) | O.O_NOFOLLOW;
  const make = () =>
    openat(place.dirfd, name, wanted | O.O_CREAT | O.O_EXCL, hostMode(host, asked.mode, 0o600));
  const fd = callAs(host, req, make);
  if (fd !== failed('EEXIST') || (flags & O.O_EXCL) !== 0) {
    return opened(host, req, place, name, check(fd), asked);
  }
  // The kernel had not seen it, so nobody has checked whether the caller may open it: the host does, for the caller alone.
  // O_NONBLOCK: it may be a FIFO, and opening one waits.
  const open = () => openat(place.dirfd, name, wanted | O.O_NONBLOCK);
  const there = check(callAs(host, req, open, false));
  return opened(host, req, place, name, there, undefined);
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
  const asked = modeAt(host, place, mode & 0o7777, umask);
  const wanted = hostFlags(host, flags) | O.O_TMPFILE | (flags & O.O_EXCL);
  const fd = asCaller(host, req, () =>
    openat(place.dirfd, '.', wanted, hostMode(host, asked.mode, 0o600)),
  );
  return opened(host, req, place, undefined, fd, asked);
}

/** `asked`: the mode of a new file; undefined for one that was there. */
function opened(
  host: Host,
  req: Request,
  place: Place,
  name: Name | undefined,
  fd: number,
  asked: Asked | undefined,
): Created {
  let fh: Handle | undefined;
  try {
    let node = must(observeDescriptor(host, place.parent, name, fd));
    if (node.type !== S.IFREG) throw failure('EEXIST');
    if (asked !== undefined) recordOwner(host, req, place, node, fd, asked.mode);
    const lost = asked === undefined ? 0 : lostToUmask(host, place, asked);
    if (lost !== 0) {
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
