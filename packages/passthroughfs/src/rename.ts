import type { Name, NodeId } from '@scorpiofs/fuse';
import { RENAME, renameat2 } from '@scorpiofs/posix';

import { check } from './fail.js';
import type { Host } from './host.js';
import { checkNewName } from './names.js';
import type { HostNode } from './node.js';
import { dropUnreferenced, lostName, observe } from './observe.js';

export function rename(
  host: Host,
  parentId: NodeId,
  name: Name,
  newParentId: NodeId,
  newName: Name,
  flags: number,
): void {
  host.assertWritable();
  checkNewName(name);
  checkNewName(newName);
  const from = host.nodes.get(parentId);
  const to = host.nodes.get(newParentId);
  const fromFd = check(host.descriptors.of(from));
  const toFd = check(host.descriptors.of(to, from));
  if (from.mount.byHandle && to.mount.byHandle) {
    check(renameat2(fromFd, name, toFd, newName, flags));
    return;
  }
  renameByName(host, { dir: from, fd: fromFd, name }, { dir: to, fd: toFd, name: newName }, flags);
}

interface End {
  readonly dir: HostNode;
  readonly fd: number;
  readonly name: Name;
}

/** Nodes known by name must learn their new ones, and a replaced file must not be looked for where another is now. */
function renameByName(host: Host, from: End, to: End, flags: number): void {
  const moved = observe(host, from.dir, from.fd, from.name);
  const replaced = observe(host, to.dir, to.fd, to.name);
  const r = renameat2(from.fd, from.name, to.fd, to.name, flags);
  if (r === 0) {
    if (typeof moved !== 'number') lostName(moved, from.dir, from.name);
    if (typeof replaced !== 'number') lostName(replaced, to.dir, to.name);
    observe(host, to.dir, to.fd, to.name);
    if ((flags & RENAME.EXCHANGE) !== 0) observe(host, from.dir, from.fd, from.name);
  }
  if (typeof moved !== 'number') dropUnreferenced(host, moved);
  if (typeof replaced !== 'number') dropUnreferenced(host, replaced);
  check(r);
}
