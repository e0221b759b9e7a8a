import type { Name, NodeId } from '@scorpiofs/fuse';
import { AT_REMOVEDIR, unlinkat } from '@scorpiofs/posix';

import { check, must } from './fail.js';
import type { Host } from './host.js';
import { leaving, left } from './last-name.js';
import { checkNewName } from './names.js';
import { lostName } from './observe.js';

export function unlink(host: Host, parentId: NodeId, name: Name): void {
  remove(host, parentId, name, 0);
}

/** Of a regular file that is open here if it is used; by name a node must learn that it has lost one. */
export function unlinkQuick(host: Host, parentId: NodeId, name: Name): void {
  const dir = host.nodes.get(parentId);
  if (!dir.mount.byHandle) return unlink(host, parentId, name);
  host.assertWritable();
  checkNewName(name);
  check(unlinkat(check(host.descriptors.of(dir)), name, 0));
}

export function rmdir(host: Host, parentId: NodeId, name: Name): void {
  remove(host, parentId, name, AT_REMOVEDIR);
}

function remove(host: Host, parentId: NodeId, name: Name, flags: number): void {
  host.assertWritable();
  checkNewName(name);
  const dir = host.nodes.get(parentId);
  const place = { dir, fd: check(host.descriptors.of(dir)), name };
  const node = must(leaving(host, place, dir));
  const r = unlinkat(place.fd, name, flags);
  if (node !== undefined) {
    if (r === 0) lostName(node, dir, name);
    left(host, node, r === 0);
  }
  check(r);
}
