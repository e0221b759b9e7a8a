import type { Name, NodeId } from '@scorpiofs/fuse';

import type { HostMount } from './mounts.js';
import type { OpenFile } from './open-file.js';

/** One of the names a node without a handle was seen under. */
export interface SeenAs {
  readonly parent: HostNode;
  readonly name: Name;
}

/** A file the kernel knows. A million of them may exist, so a node is small and holds no descriptor for long. */
export class HostNode {
  /** References the kernel holds (`forget`). */
  lookups = 0;
  /** From the descriptor cache, or -1. */
  fd = -1;
  /** The descriptor has been read, as a directory: the next listing has to go back to the start. */
  listed = false;
  /** Used since the cache's hand last passed. */
  hot = false;
  /** Kept open for the life of the file system: a root. */
  pinned = false;
  /** What is open now; all of one node must agree on passthrough. */
  files: OpenFile[] | undefined = undefined;
  passthrough = false;
  /** ctime at the last open or release: pages from before are right as long as it stands. */
  cachedCtimeNs: bigint | undefined = undefined;
  /** Only where there are no handles; the newest first. */
  seenAs: SeenAs[] | undefined = undefined;

  constructor(
    readonly id: NodeId,
    readonly mount: HostMount,
    /** File handle, or device and inode number; unique within the mount. */
    readonly key: string,
    /** S_IFMT bits; a file cannot change them. */
    readonly type: number,
  ) {}
}
