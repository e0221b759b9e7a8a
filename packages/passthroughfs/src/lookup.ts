import { ROOT_NODE, type Entry, type Name, type NegativeEntry, type NodeId } from '@scorpiofs/fuse';
import { failed, fstat } from '@scorpiofs/posix';

import { entryOf } from './attr.js';
import { check, failure, must } from './fail.js';
import type { Host } from './host.js';
import { WANTED } from './identity.js';
import { checkName } from './names.js';
import type { HostNode } from './node.js';
import { dropUnreferenced, observe } from './observe.js';

export function lookup(host: Host, parentId: NodeId, name: Name): Entry | NegativeEntry {
  const parent = host.nodes.get(parentId);
  if (name === '.' || (name === '..' && parentId === ROOT_NODE)) return itself(host, parent);
  checkName(name);
  const node = observe(host, parent, check(host.descriptors.of(parent)), name);
  if (node === failed('ENOENT')) {
    return { node: 0, entryTtl: host.options.exclusive ? Infinity : 0 };
  }
  const found = must(node);
  // Never above the source: a directory that somebody moved out of it has a parent outside. And a parent the kernel
  // does not know needs no answer, it only asks for those of nodes it has.
  if (name === '..' && found.lookups === 0 && !found.pinned) {
    dropUnreferenced(host, found);
    throw failure('ESTALE');
  }
  return take(host, found);
}

function itself(host: Host, node: HostNode): Entry {
  check(fstat(check(host.descriptors.of(node)), host.stat, WANTED));
  return take(host, node);
}

/** The entry of what was just observed, with a lookup reference. */
export function take(host: Host, node: HostNode): Entry {
  node.lookups++;
  return entryOf(host, node);
}

export function forget(host: Host, id: NodeId, count: number): void {
  const node = host.nodes.find(id);
  if (node === undefined) return;
  node.lookups = Math.max(0, node.lookups - count);
  dropUnreferenced(host, node);
}
