// File systems for the fuse benches, made in the child that serves them.
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

import { MemoryFs, nameFromUtf8, ROOT_NODE } from '../../../packages/fuse/dist/index.js';

const asker = { uid: 0, gid: 0, pid: 0, interrupted: false, signal: new AbortController().signal };

/** A MemoryFs whose root holds the files f0 to f(count - 1), which the kernel has not seen. */
export function manyFiles(count) {
  const fs = new MemoryFs({ ttl: Infinity });
  for (let i = 0; i < count; i += 1) {
    const { node } = fs.mknod(asker, ROOT_NODE, nameFromUtf8(`f${i}`), 0o100644, 0, 0);
    fs.forget(node, 1);
  }
  return fs;
}

/** One file, `file`, that is a host file: opened for passthrough. */
export function oneHostFile(path) {
  const fd = openSync(path, 'r');
  const attr = (ino, mode, size) => ({
    ino,
    mode,
    size,
    nlink: 1,
    uid: 0,
    gid: 0,
    rdev: 0,
    blocks: Math.ceil(size / 512),
    blksize: 4096,
    atimeNs: 0n,
    mtimeNs: 0n,
    ctimeNs: 0n,
  });
  const attrs = (node) =>
    node === ROOT_NODE ? attr(1n, 0o40755, 0) : attr(2n, 0o100644, fstatSync(fd).size);
  return {
    lookup: (_req, _parent, name) =>
      name === 'file'
        ? { node: 2, generation: 0, entryTtl: Infinity, attrTtl: Infinity, attr: attrs(2) }
        : { node: 0, entryTtl: 0 },
    getattr: (_req, node) => ({ attr: attrs(node), attrTtl: Infinity }),
    open: () => ({ fh: 1, backingFd: fd, keepCache: true }),
    read: (_req, _node, _fh, offset, into) => readSync(fd, into, 0, into.length, offset),
    destroy: () => closeSync(fd),
  };
}
