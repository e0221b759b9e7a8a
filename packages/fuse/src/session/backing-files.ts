import type { NodeId } from '../filesystem.js';

interface OpenNode {
  /** 0: opened without passthrough. */
  readonly id: number;
  count: number;
}

/**
 * Which open inodes are served by the kernel straight from a host file. All simultaneous opens of an inode must agree (the
 * kernel fails the odd one with EIO), so one backing id lives as long as any open of its node, and a node that is open
 * without passthrough stays so until its last close.
 */
export class BackingFiles {
  readonly #open = new Map<NodeId, OpenNode>();

  #refused = false;

  /** `refused` hears once why host files are not passed through, with the errno where the kernel gave one. */
  constructor(
    readonly device: { backingOpen(fd: number): number; backingClose(id: number): void },
    public enabled: boolean,
    readonly refused: (errno?: number) => void = () => undefined,
  ) {}

  /** Backing ids registered now; for leak checks. */
  get registered(): number {
    let ids = 0;
    for (const open of this.#open.values()) if (open.id > 0) ids += 1;
    return ids;
  }

  /** Accounts for one more open of `node` and returns its backing id, 0 for plain reads. */
  open(node: NodeId, fd: number | undefined): number {
    if (!this.enabled) {
      if (fd !== undefined) this.#refuse();
      return 0;
    }
    const open = this.#open.get(node);
    if (open !== undefined) {
      open.count += 1;
      return open.id;
    }
    const id = fd === undefined ? 0 : this.#register(fd);
    this.#open.set(node, { id, count: 1 });
    return id;
  }

  /** One open less (RELEASE, or an open that the kernel did not take). */
  release(node: NodeId): void {
    const open = this.#open.get(node);
    if (open === undefined) return;
    open.count -= 1;
    if (open.count > 0) return;
    this.#open.delete(node);
    if (open.id > 0) this.device.backingClose(open.id);
  }

  #register(fd: number): number {
    const id = this.device.backingOpen(fd);
    if (id > 0) return id;
    // EPERM: no CAP_SYS_ADMIN, for good. Others concern this file (not a regular one, its file system stacked too deep).
    if (id === -1) this.enabled = false;
    this.#refuse(-id);
    return 0;
  }

  #refuse(errno?: number): void {
    if (this.#refused) return;
    this.#refused = true;
    this.refused(errno);
  }
}
