import { closeSync, openSync, readSync } from 'node:fs';

import type { Attr, Entry, FileSystem, Handle, NodeId, Request } from '../filesystem.js';
import { FsError } from '../fs-error.js';
import { mount } from '../mount/mount.js';
import { nameFromUtf8, type Name } from '../name.js';
import type { Mounted } from '../transport.js';
import type { Fixture } from './serve-child.js';

const EINTR = 4;
const [ROOT, HELLO, HELD, BIG, MADE] = [1, 2, 3, 4, 5];

/**
 * A small file system for tests of the session over a real mount:
 *
 *     hello   a text that the lever `say` changes
 *     slow    a lookup that ends only when it is interrupted
 *     held/   where mkdir ends with the lever `let-go`; until then the kernel holds the directory
 *     big     a host file (the argument's `big`), with passthrough where the kernel allows it
 */
export function create({ big }: { big?: string } = {}): Fixture {
  let text = 'hello\n';
  let interrupted = 0;
  let letGo = (): void => undefined;
  const fd = big === undefined ? undefined : openSync(big, 'r');
  const size = (node: number) => (node === HELLO ? Buffer.byteLength(text) : 16 * 1024 * 1024);
  const entry = (node: number): Entry => {
    const directory = node === ROOT || node === HELD || node === MADE;
    return {
      node: node as NodeId,
      generation: 0,
      entryTtl: Infinity,
      attrTtl: Infinity,
      attr: attr(node, directory ? 0o40755 : 0o100644, directory ? 0 : size(node)),
    };
  };
  const names = new Map<Name, number>([
    [nameFromUtf8('hello'), HELLO],
    [nameFromUtf8('held'), HELD],
    ...(fd === undefined ? [] : ([[nameFromUtf8('big'), BIG]] as const)),
  ]);
  const fs: FileSystem = {
    lookup(req, parent, name) {
      if (parent !== ROOT) return { node: 0, entryTtl: 0 };
      if (name === 'slow') return waitForInterrupt(req, () => (interrupted += 1));
      const node = names.get(name);
      return node === undefined ? { node: 0, entryTtl: 0 } : entry(node);
    },
    getattr: (_req, node) => entry(node),
    open(_req, node) {
      return {
        fh: 1 as Handle,
        keepCache: true,
        ...(node === BIG && fd !== undefined ? { backingFd: fd } : {}),
      };
    },
    read(_req, node, _fh, offset, into) {
      if (node === BIG && fd !== undefined) return readSync(fd, into, 0, into.length, offset);
      return Buffer.from(text).copy(into, 0, offset);
    },
    async mkdir() {
      await new Promise<void>((resolve) => (letGo = resolve));
      return entry(MADE);
    },
    opendir: () => ({ fh: 0 as Handle }),
    readdir(_req, node, _fh, offset, sink) {
      const all = node === ROOT ? [...names] : [];
      for (let i = offset; i < all.length; i += 1) {
        const [name, child] = all[i] ?? [nameFromUtf8(''), 0];
        const e = entry(child);
        const added = sink.plus
          ? sink.addEntry(name, e, i + 1)
          : sink.add(name, e.attr.ino, e.attr.mode, i + 1);
        if (!added) return;
      }
    },
    destroy() {
      if (fd !== undefined) closeSync(fd);
    },
  };
  return {
    fs,
    async control(command, argument, mounted) {
      const { notify } = mounted.info;
      if (command === 'interrupted') return interrupted;
      if (command === 'let-go') return letGo();
      if (command === 'say') {
        text = String(argument);
        notify.invalInode(HELLO as NodeId, 0, 0);
      } else if (command === 'forget')
        notify.invalEntry(ROOT as NodeId, nameFromUtf8(String(argument)));
      else if (command === 'forget-in-held')
        notify.invalEntry(HELD as NodeId, nameFromUtf8('made'));
      else if (command === 'store')
        notify.store?.(HELLO as NodeId, 0, Buffer.from(String(argument)));
      else if (command === 'prune') notify.prune?.([HELLO as NodeId, HELD as NodeId]);
      else if (command === 'mount-inside') return mountInside(mounted, String(argument));
      else throw new Error(`no lever ${command}`);
      return notify.settled();
    },
  };
}

async function mountInside(mounted: Mounted, where: string): Promise<string> {
  try {
    await mount({}, `${mounted.mountpoint}${where}`);
    return 'mounted';
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : String(error);
  }
}

function waitForInterrupt(req: Request, count: () => void): Promise<Entry> {
  return new Promise((_resolve, reject) => {
    const end = () => {
      count();
      reject(FsError.of(EINTR));
    };
    if (req.signal.aborted) end();
    else req.signal.addEventListener('abort', end, { once: true });
  });
}

function attr(ino: number, mode: number, size: number): Attr {
  return {
    ino: BigInt(ino),
    mode,
    nlink: 1,
    uid: 0,
    gid: 0,
    rdev: 0,
    size,
    blocks: Math.ceil(size / 512),
    blksize: 4096,
    atimeNs: 0n,
    mtimeNs: 1_700_000_000_123_456_789n,
    ctimeNs: 0n,
  };
}
