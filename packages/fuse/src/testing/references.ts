import type { Entry, FileSystem, NodeId } from '../filesystem.js';

/** The account of lookup references, as the kernel keeps it. */
export class References {
  readonly #held = new Map<NodeId, number>();

  constructor(readonly fs: FileSystem) {}

  /** Taken and not yet forgotten. */
  get count(): number {
    let sum = 0;
    for (const count of this.#held.values()) sum += count;
    return sum;
  }

  take(entry: Entry): void {
    this.#held.set(entry.node, (this.#held.get(entry.node) ?? 0) + 1);
  }

  forget(node: NodeId): void {
    const left = (this.#held.get(node) ?? 0) - 1;
    if (left < 0) throw new Error(`node ${node} forgotten more often than looked up`);
    if (left === 0) this.#held.delete(node);
    else this.#held.set(node, left);
    this.fs.forget?.(node, 1);
  }
}
