import type { AttrReply, Handle, NodeId, SetAttr } from '@scorpiofs/fuse';
import {
  AT_EMPTY_PATH,
  close,
  failed,
  fchmod,
  fchmodat,
  fchown,
  fchownat,
  fstat,
  ftruncate,
  futimens,
  KEEP_ID,
  O,
  S,
  utimensat,
} from '@scorpiofs/posix';

import { attrReply } from './attr.js';
import { check } from './fail.js';
import type { Host } from './host.js';
import { WANTED } from './identity.js';
import type { HostNode } from './node.js';
import { currentOverride, readOverride, writeOverride } from './override.js';

export function getattr(host: Host, id: NodeId, fh: Handle | undefined): AttrReply {
  const node = host.nodes.get(id);
  check(fstat(descriptorOf(host, node, fh), host.stat, WANTED));
  return attrReply(host, node);
}

/** Of the open file where the caller names one: it works also when the last name is gone. */
export function descriptorOf(host: Host, node: HostNode, fh: Handle | undefined): number {
  return host.files.find(fh)?.fd ?? check(host.descriptors.ofAny(node));
}

/**
 * In the order in which one part disturbs another: a new owner clears set-id bits, a new size too, and both set times.
 */
export function setattr(host: Host, id: NodeId, set: SetAttr, fh: Handle | undefined): AttrReply {
  host.assertWritable();
  const node = host.nodes.get(id);
  if (host.options.overrideXattr !== undefined) return setOverridden(host, node, set, fh);
  const owner = set.uid !== undefined || set.gid !== undefined;
  if (owner) setOwner(host, node, set, fh);
  if (set.size !== undefined) setSize(host, node, set.size, fh);
  if (set.mode !== undefined) setMode(host, node, set.mode, fh);
  // With an owner the host itself has cleared the bits, whoever asked.
  else if (set.killSuidgid && !owner) clearSetId(host, node, descriptorOf(host, node, fh));
  return setTimes(host, node, set, fh);
}

const ONLY_A_PATH = failed('EBADF');

/**
 * Whether a descriptor of the node is likely no O_PATH one: the calls that take only a descriptor are the quicker ones, and are
 * refused with EBADF otherwise.
 */
export function isUsable(node: HostNode): boolean {
  return node.files !== undefined || node.type === S.IFDIR;
}

function setTimes(host: Host, node: HostNode, set: SetAttr, fh: Handle | undefined): AttrReply {
  if (set.atimeNs !== undefined || set.mtimeNs !== undefined) {
    const fd = descriptorOf(host, node, fh);
    const r = isUsable(node) ? futimens(fd, set.atimeNs, set.mtimeNs) : ONLY_A_PATH;
    check(r === ONLY_A_PATH ? utimensat(fd, '', set.atimeNs, set.mtimeNs, AT_EMPTY_PATH) : r);
  }
  check(fstat(descriptorOf(host, node, fh), host.stat, WANTED));
  return attrReply(host, node);
}

/** Owner and mode go into the attribute; the host's own stay. */
function setOverridden(
  host: Host,
  node: HostNode,
  set: SetAttr,
  fh: Handle | undefined,
): AttrReply {
  const { uid, gid, mode } = set;
  if (set.size !== undefined) setSize(host, node, set.size, fh);
  if (uid !== undefined || gid !== undefined || mode !== undefined || set.killSuidgid) {
    const fd = descriptorOf(host, node, fh);
    check(fstat(fd, host.stat, WANTED));
    const now = currentOverride(host, node);
    const loses =
      node.type === S.IFREG && (uid !== undefined || gid !== undefined || set.killSuidgid);
    writeOverride(host, node, {
      uid: uid ?? now.uid,
      gid: gid ?? now.gid,
      mode: (mode ?? (loses ? now.mode & ~setIdBits(now.mode) : now.mode)) & 0o7777,
    });
  }
  return setTimes(host, node, set, fh);
}

function setOwner(host: Host, node: HostNode, set: SetAttr, fh: Handle | undefined): void {
  const uid = (set.uid === undefined ? undefined : host.uids.forChange(set.uid)) ?? KEEP_ID;
  const gid = (set.gid === undefined ? undefined : host.gids.forChange(set.gid)) ?? KEEP_ID;
  const fd = descriptorOf(host, node, fh);
  const r = isUsable(node) ? fchown(fd, uid, gid) : ONLY_A_PATH;
  check(r === ONLY_A_PATH ? fchownat(fd, '', uid, gid, AT_EMPTY_PATH) : r);
}

function setMode(host: Host, node: HostNode, mode: number, fh: Handle | undefined): void {
  const fd = descriptorOf(host, node, fh);
  const r = isUsable(node) ? fchmod(fd, mode & 0o7777) : ONLY_A_PATH;
  check(r === ONLY_A_PATH ? fchmodat(fd, '', mode & 0o7777, AT_EMPTY_PATH) : r);
}

function setSize(host: Host, node: HostNode, size: number, fh: Handle | undefined): void {
  const open = host.files.find(fh);
  if (open && ftruncate(open.fd, size) === 0) return;
  // Not open, or open for reading only: whoever may set the size need not hold the file open for writing.
  const fd = check(host.descriptors.openNew(node, O.O_WRONLY | O.O_NONBLOCK));
  try {
    check(ftruncate(fd, size));
  } finally {
    close(fd);
  }
}

/** What a write by anyone but root does to a set-id program (HANDLE_KILLPRIV_V2): the host, asked by root, would not. */
export function clearSetId(host: Host, node: HostNode, fd: number): void {
  if (node.type !== S.IFREG) return;
  check(fstat(fd, host.stat, WANTED));
  clearBits(host, node, fd, setIdBits);
}

/** Set-gid without x for the group once meant mandatory locking, and stays. */
function setIdBits(mode: number): number {
  return (mode & S.ISUID) | ((mode & 0o010) === 0 ? 0 : mode & S.ISGID);
}

export function clearSetGid(host: Host, node: HostNode, fd: number): void {
  check(fstat(fd, host.stat, WANTED));
  clearBits(host, node, fd, (mode) => mode & S.ISGID);
}

function clearBits(host: Host, node: HostNode, fd: number, bitsOf: (mode: number) => number): void {
  const override = readOverride(host, node);
  const mode = override?.mode ?? host.stat.mode;
  const bits = bitsOf(mode);
  if (bits === 0) return;
  const wanted = mode & 0o7777 & ~bits;
  if (override !== undefined) {
    writeOverride(host, node, { ...override, mode: wanted });
    return;
  }
  // An O_PATH descriptor takes the longer way.
  if (fchmod(fd, wanted) !== 0) check(fchmodat(fd, '', wanted, AT_EMPTY_PATH));
}
