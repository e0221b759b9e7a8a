import type { Name, NodeId } from '@scorpiofs/fuse';
import {
  failed,
  getxattr as get,
  listxattr as list,
  procPath,
  removexattr as remove,
  setxattr as set,
  type Errno,
  type XattrOwner,
} from '@scorpiofs/posix';

import { clearSetGid, isUsable } from './attributes.js';
import { check, failure, must } from './fail.js';
import type { Host } from './host.js';

const ACL = /^system\.posix_acl_(access|default)$/;

/** Whether this name is let through (`PassthroughOptions.xattrs` and `.acl`). */
function isShown(host: Host, name: string): boolean {
  const { xattrs = 'all', overrideXattr } = host.options;
  if (name === overrideXattr) return false;
  if (name.startsWith('system.') && ACL.test(name)) return host.acl;
  return xattrs === 'all' || (xattrs === 'user' && name.startsWith('user.'));
}

function assertShown(host: Host, name: Name): void {
  if (!isShown(host, name)) throw failure('EOPNOTSUPP');
}

const BAD_DESCRIPTOR = failed('EBADF');

/** By a descriptor where one can be used: O_PATH descriptors cannot (EBADF), and are named through /proc. */
function onNode<T>(host: Host, id: NodeId, call: (owner: XattrOwner) => T | Errno): T | Errno {
  const node = host.nodes.get(id);
  const fd = check(host.descriptors.ofAny(node));
  const result = isUsable(node) ? call(fd) : BAD_DESCRIPTOR;
  return result === BAD_DESCRIPTOR ? call(procPath(fd)) : result;
}

const NO_DATA = failed('ENODATA');
const NOT_SUPPORTED = failed('EOPNOTSUPP');

/** Undefined where there is no such attribute. */
export function getxattr(host: Host, id: NodeId, name: Name): Uint8Array | undefined {
  assertShown(host, name);
  const value = valueOn(host, id, name);
  return value === NO_DATA ? undefined : must(value);
}

/** Undefined where there is no such attribute, or none can be. */
export function findXattr(host: Host, id: NodeId, name: Name): Uint8Array | undefined {
  if (!isShown(host, name)) return undefined;
  const value = valueOn(host, id, name);
  return value === NO_DATA || value === NOT_SUPPORTED ? undefined : must(value);
}

function valueOn(host: Host, id: NodeId, name: Name): Uint8Array | Errno {
  return onNode(host, id, (owner) => get(owner, name));
}

export function setxattr(
  host: Host,
  id: NodeId,
  name: Name,
  value: Buffer,
  flags: number,
  clearSgid: boolean,
): void {
  host.assertWritable();
  assertShown(host, name);
  check(onNode(host, id, (owner) => set(owner, name, value, flags)));
  // A new ACL by somebody outside the file's group: the host asked by root would leave the set-gid bit.
  if (!clearSgid) return;
  const node = host.nodes.get(id);
  clearSetGid(host, node, check(host.descriptors.ofAny(node)));
}

export function listxattr(host: Host, id: NodeId): readonly Name[] {
  const names = must(onNode(host, id, list)) as Name[];
  return names.every((name) => isShown(host, name))
    ? names
    : names.filter((name) => isShown(host, name));
}

export function removexattr(host: Host, id: NodeId, name: Name): void {
  host.assertWritable();
  assertShown(host, name);
  check(onNode(host, id, (owner) => remove(owner, name)));
}
