import type { FileSystem } from '@scorpiofs/fuse';
import { getattr } from './operations/getattr.js';
import { lookup } from './operations/lookup.js';
import { read } from './operations/read.js';
import { READ_ONLY } from './operations/read-only.js';
import { readdir } from './operations/readdir.js';
import { readlink } from './operations/readlink.js';
import { STATFS } from './operations/statfs.js';
import { release } from './nodes.js';
import type { Base } from './state.js';

/**
 * The base as the kernel sees it. `open` and `opendir` are left out so that the kernel never sends them, and `getxattr` and
 * `listxattr` so that it stops asking: answered once with ENOSYS, they cost nothing any more (D4).
 */
export function fileSystemOf(base: Base, allowIdmap: boolean): FileSystem {
  return {
    ...READ_ONLY,
    options: { exportSupport: true, cacheSymlinks: true, allowIdmap, maxStackDepth: 1 },
    init(info) {
      base.notify = info.notify;
    },
    destroy() {
      base.notify = undefined;
    },
    lookup: (req, parent, name) => lookup(base, req, parent, name),
    forget(node, count) {
      const directory = base.directories.get(node);
      if (directory === undefined) return;
      directory.lookups -= count;
      release(base, directory);
    },
    getattr: (req, node) => getattr(base, req, node),
    readlink: (req, node) => readlink(base, req, node),
    read: (req, node, _fh, offset, into) => read(base, req, node, offset, into),
    readdir: (req, node, _fh, offset, sink) => readdir(base, req, node, offset, sink),
    statfs: () => STATFS,
  };
}
