import { S, XATTR_CREATE, XATTR_REPLACE, XATTR_SIZE_MAX } from '@scorpiofs/posix';
import { fail } from '../errno.js';
import { NAME_MAX, type Name } from '../name.js';
import type { Inode } from './inode.js';

const NAMESPACES = ['user.', 'trusted.', 'security.'];

function checkName(name: Name): void {
  if (name.length === 0 || name.length > NAME_MAX) throw fail('ERANGE');
  const namespace = NAMESPACES.find((prefix) => name.startsWith(prefix));
  if (namespace === undefined) throw fail('EOPNOTSUPP');
  if (name.length === namespace.length) throw fail('EINVAL');
}

/** `user.` is for files and directories only (xattr(7)): elsewhere anyone could fill the disk. */
function takesUserXattrs(inode: Inode): boolean {
  return inode.type === S.IFREG || inode.type === S.IFDIR;
}

export function getXattr(inode: Inode, name: Name): Buffer {
  checkName(name);
  const value = inode.xattrs.get(name);
  if (value === undefined) throw fail('ENODATA');
  return value;
}

export function setXattr(inode: Inode, name: Name, value: Uint8Array, flags: number): void {
  checkName(name);
  if ((flags & ~(XATTR_CREATE | XATTR_REPLACE)) !== 0) throw fail('EINVAL');
  if (value.length > XATTR_SIZE_MAX) throw fail('E2BIG');
  if (name.startsWith('user.') && !takesUserXattrs(inode)) throw fail('EPERM');
  const there = inode.xattrs.has(name);
  if (there && (flags & XATTR_CREATE) !== 0) throw fail('EEXIST');
  if (!there && (flags & XATTR_REPLACE) !== 0) throw fail('ENODATA');
  // A longer list than this could be stored but never be read again.
  if (!there && listLength(inode) + name.length + 1 > XATTR_SIZE_MAX) throw fail('ENOSPC');
  inode.xattrs.set(name, Buffer.from(value));
}

function listLength(inode: Inode): number {
  let length = 0;
  for (const name of inode.xattrs.keys()) length += name.length + 1;
  return length;
}

export function removeXattr(inode: Inode, name: Name): void {
  checkName(name);
  if (name.startsWith('user.') && !takesUserXattrs(inode)) throw fail('EPERM');
  if (!inode.xattrs.delete(name)) throw fail('ENODATA');
}
