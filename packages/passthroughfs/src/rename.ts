import type { Name, NodeId } from '@scorpiofs/fuse';
import { RENAME, renameat2 } from '@scorpiofs/posix';

import { check } from './fail.js';
import type { Host } from './host.js';
import { leaving, left, type Place } from './last-name.js';
import { checkNewName } from './names.js';
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
  const source = { dir: from, fd: check(host.descriptors.of(from)), name };
  const target = { dir: to, fd: check(host.descriptors.of(to, from)), name: newName };
  const move = from.mount.byHandle && to.mount.byHandle ? renameByHandle : renameByName;
  move(host, source, target, flags);
}

function renameByHandle(host: Host, from: Place, to: Place, flags: number): void {
  const replaced = replaces(from, to, flags) ? leaving(host, to, from.dir) : undefined;
  const r = renameat2(from.fd, from.name, to.fd, to.name, flags);
  if (typeof replaced === 'object') left(host, replaced, r === 0);
  check(r);
}

function replaces(from: Place, to: Place, flags: number): boolean {
  const isSame = from.dir === to.dir && from.name === to.name;
  return !isSame && (flags & (RENAME.EXCHANGE | RENAME.NOREPLACE)) === 0;
}

/** Nodes known by name must learn their new ones, and a replaced file must not be looked for where another is now. */
function renameByName(host: Host, from: Place, to: Place, flags: number): void {
  const moved = observe(host, from.dir, from.fd, from.name);
  const isReplaced = replaces(from, to, flags);
  const second = isReplaced ? leaving(host, to, from.dir) : observe(host, to.dir, to.fd, to.name);
  // To open it may have taken the first directory's place in the cache.
  const fd = check(host.descriptors.of(from.dir, to.dir));
  const r = renameat2(fd, from.name, to.fd, to.name, flags);
  if (r === 0) {
    if (typeof moved !== 'number') lostName(moved, from.dir, from.name);
    if (typeof second === 'object') lostName(second, to.dir, to.name);
    observe(host, to.dir, to.fd, to.name);
    if ((flags & RENAME.EXCHANGE) !== 0) observe(host, from.dir, fd, from.name);
  }
  if (typeof moved !== 'number') dropUnreferenced(host, moved);
  if (typeof second === 'object') left(host, second, r === 0 || !isReplaced);
  check(r);
}
