import { ROOT_NODE, type NodeId } from '@scorpiofs/fuse';

import { failure } from './fail.js';
import type { HostMount } from './mounts.js';
import { HostNode } from './node.js';

/** The nodes the kernel knows, by id and by identity. An id is never used twice. */
export class NodeTable {
  readonly #byId = new Map<NodeId, HostNode>();
  readonly #byKey = new Map<string, HostNode>();
  #lastId = 0;

  get size(): number {
    return this.#byId.size;
  }

  /** ESTALE for an id that was forgotten or never given. */
  get(id: NodeId): HostNode {
    const node = this.#byId.get(id);
    if (node === undefined) throw failure('ESTALE');
    return node;
  }

  find(id: NodeId): HostNode | undefined {
    return this.#byId.get(id);
  }

  withKey(mount: HostMount, key: string): HostNode | undefined {
    return this.#byKey.get(mount.prefix + key);
  }

  add(mount: HostMount, key: string, type: number): HostNode {
    const node = new HostNode(++this.#lastId as NodeId, mount, key, type);
    this.#byId.set(node.id, node);
    this.#byKey.set(mount.prefix + key, node);
    return node;
  }

  remove(node: HostNode): void {
    this.#byId.delete(node.id);
    // The identity may already belong to a newer node (a number used again).
    if (this.withKey(node.mount, node.key) === node)
      this.#byKey.delete(node.mount.prefix + node.key);
  }

  root(): HostNode {
    return this.get(ROOT_NODE);
  }

  [Symbol.iterator](): IterableIterator<HostNode> {
    return this.#byId.values();
  }
}
