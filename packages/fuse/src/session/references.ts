import type { FileSystem, NodeId } from '../filesystem.js';

/**
 * Counts the lookup references that the kernel holds. The file system does its own accounting; this one is for leak checks:
 * after the kernel has dropped its caches, `outstanding` is what is really in use.
 */
export class References {
  outstanding = 0;
  /** Per node, only when asked for (it costs memory for each inode the kernel knows). */
  readonly byNode: Map<NodeId, number> | undefined;

  constructor(
    readonly fs: FileSystem,
    track = false,
  ) {
    this.byNode = track ? new Map<NodeId, number>() : undefined;
  }

  /** The kernel took an entry. */
  taken(node: NodeId): void {
    this.outstanding += 1;
    this.byNode?.set(node, (this.byNode.get(node) ?? 0) + 1);
  }

  /** The kernel dropped `count` references. */
  dropped(node: NodeId, count: number): void {
    this.outstanding -= count;
    if (this.byNode !== undefined) {
      const left = (this.byNode.get(node) ?? 0) - count;
      if (left === 0) this.byNode.delete(node);
      else this.byNode.set(node, left);
    }
    this.fs.forget?.(node, count);
  }

  /** The file system counted an entry that never reached the kernel. */
  notTaken(node: NodeId): void {
    this.fs.forget?.(node, 1);
  }
}
