import type { Name, NodeId } from '@scorpiofs/fuse';
import { AT_REMOVEDIR, unlinkat } from '@scorpiofs/posix';

import { check, must } from './fail.js';
import type { Host } from './host.js';
import { checkNewName } from './names.js';
import { dropUnreferenced, lostName, observe } from './observe.js';

export function unlink(host: Host, parentId: NodeId, name: Name): void {
  remove(host, parentId, name, 0);
}

export function rmdir(host: Host, parentId: NodeId, name: Name): void {
  remove(host, parentId, name, AT_REMOVEDIR);
}

function remove(host: Host, parentId: NodeId, name: Name, flags: number): void {
  host.assertWritable();
  checkNewName(name);
  const parent = host.nodes.get(parentId);
  const dirfd = check(host.descriptors.of(parent));
  if (parent.mount.byHandle) {
    check(unlinkat(dirfd, name, flags));
    return;
  }
  // Whose name this is can only be asked before it is gone. Its descriptor is opened now, or nothing would find the file
  // again while somebody still has it open.
  const node = must(observe(host, parent, dirfd, name));
  if (node.lookups > 0) check(host.descriptors.of(node, parent));
  const r = unlinkat(check(host.descriptors.of(parent, node)), name, flags);
  if (r === 0) lostName(node, parent, name);
  dropUnreferenced(host, node);
  check(r);
}
