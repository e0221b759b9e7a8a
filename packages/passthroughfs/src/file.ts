import type { Handle, NodeId, OpenReply, Request } from '@scorpiofs/fuse';
import {
  close,
  copyFileRange,
  copyFileRangeAsync,
  fallocate as fallocateNow,
  failed,
  fallocateAsync,
  fdatasyncAsync,
  fsyncAsync,
  fstat,
  lseek as seek,
  O,
  pread,
  preadAsync,
  pwrite,
  pwriteAsync,
  S,
} from '@scorpiofs/posix';

import { clearSetId } from './attributes.js';
import { check, failure } from './fail.js';
import type { Host } from './host.js';
import { WANTED } from './identity.js';
import type { HostNode } from './node.js';

/** Above this a transfer may take longer than the event loop can wait (decision D13). Bytes. */
export const SYNC_LIMIT = 128 * 1024;
const PASSTHROUGH_MIN = 64 * 1024;

/**
 * Flags for the host's file. O_APPEND goes: the kernel knows the offset, and the host would ignore it. O_DIRECT goes: it
 * asks for aligned memory, which requests are not. What makes and names a file is decided by the caller.
 */
export function hostFlags(host: Host, flags: number): number {
  const kept =
    flags & ~(O.O_APPEND | O.O_DIRECT | O.O_CREAT | O.O_EXCL | O.O_TMPFILE | O.O_NOFOLLOW);
  // With the write-back cache the kernel reads the page around a write.
  const writeOnly = (kept & O.O_ACCMODE) === O.O_WRONLY;
  return writeOnly && host.writebackCache ? (kept & ~O.O_ACCMODE) | O.O_RDWR : kept;
}

export function isForWriting(flags: number): boolean {
  return (flags & O.O_ACCMODE) !== O.O_RDONLY || (flags & O.O_TRUNC) !== 0;
}

export function open(
  host: Host,
  req: Request,
  id: NodeId,
  flags: number,
  killSuidgid: boolean,
): OpenReply {
  const node = host.nodes.get(id);
  // The kernel opens devices, FIFOs and sockets itself; opened here, they would be this process's.
  if (node.type === S.IFDIR) throw failure('EISDIR');
  if (node.type === S.IFLNK) throw failure('ELOOP');
  if (node.type !== S.IFREG) throw failure('ENXIO');
  const writes = isForWriting(flags);
  if (writes) host.assertWritable();
  const fd = check(openNode(host, node, flags));
  try {
    if (killSuidgid) clearSetId(host, node, fd);
    if (!isPlain(host)) check(fstat(fd, host.stat, WANTED));
  } catch (error) {
    close(fd);
    throw error;
  }
  return openReply(host, req, node, host.files.add(node, fd), writes);
}

/** An append-only file may be opened for writing by who appends, and by nobody else: there the host does hear of it. */
function openNode(host: Host, node: HostNode, flags: number): number {
  const wanted = hostFlags(host, flags);
  const fd = host.descriptors.openNew(node, wanted);
  const appends = (flags & O.O_APPEND) !== 0 && !host.writebackCache;
  if (fd !== failed('EPERM') || !appends) return fd;
  return host.descriptors.openNew(node, wanted | O.O_APPEND);
}

/** Nothing about an open depends on the file: nobody else writes to it, and the kernel never does past us. */
function isPlain({ options }: Host): boolean {
  return options.exclusive === true && options.passthroughMinSize === 'never';
}

/** `host.stat` holds the file's attributes, unless the host `isPlain`. */
export function openReply(
  host: Host,
  req: Request,
  node: HostNode,
  fh: Handle,
  writes: boolean,
): OpenReply {
  if (isPlain(host)) return { fh, keepCache: true };
  // The kernel refuses to mix: as the first one was opened, so are all others until the last one is closed.
  if (node.files?.length === 1) node.passthrough = wantsPassthrough(host, req, writes);
  if (node.passthrough) {
    node.cachedCtimeNs = undefined;
    return { fh, backingFd: host.files.get(fh).fd };
  }
  const unchanged = node.cachedCtimeNs === host.stat.ctimeNs;
  node.cachedCtimeNs = host.stat.ctimeNs;
  return { fh, keepCache: host.options.exclusive === true || unchanged };
}

function wantsPassthrough(host: Host, req: Request, writes: boolean): boolean {
  const { passthroughMinSize: minimum = PASSTHROUGH_MIN } = host.options;
  if (minimum === 'never') return false;
  // Written past us, a set-id program would stay one: the kernel then leaves clearing the bits to nobody.
  if (writes && req.uid !== 0 && (host.stat.mode & (S.ISUID | S.ISGID)) !== 0) return false;
  return writes || host.stat.size >= minimum;
}

export function read(
  host: Host,
  fh: Handle,
  offset: number,
  into: Buffer,
): number | Promise<number> {
  const { fd } = host.files.get(fh);
  if (host.local && into.length <= SYNC_LIMIT) return check(pread(fd, into, offset));
  return preadAsync(fd, into, offset).then(check);
}

export function write(
  host: Host,
  fh: Handle,
  offset: number,
  data: Buffer,
  killSuidgid: boolean,
): number | Promise<number> {
  const { fd, node } = host.files.get(fh);
  if (killSuidgid) clearSetId(host, node, fd);
  if (host.local && data.length <= SYNC_LIMIT) return check(pwrite(fd, data, offset));
  return pwriteAsync(fd, data, offset).then(check);
}

export function release(host: Host, fh: Handle): Promise<void> | void {
  const { fd, node } = host.files.get(fh);
  // The pages written through this open are right; those of another writer are not known.
  const known = fstat(fd, host.stat, WANTED) === 0;
  if (known && !node.passthrough) node.cachedCtimeNs = host.stat.ctimeNs;
  const endsFile = known && host.stat.nlink === 0 && host.stat.blocks > 2048;
  return host.files.remove(fh, endsFile || !host.local);
}

/** As `release`, of a file that has a name still, or is small: closing it takes no time, so nothing is asked. */
export function releaseQuick(host: Host, fh: Handle): Promise<void> | void {
  return host.files.remove(fh, !host.local);
}

export async function fsync(host: Host, fh: Handle, datasync: boolean): Promise<void> {
  const { fd } = host.files.get(fh);
  check(await (datasync ? fdatasyncAsync(fd) : fsyncAsync(fd)));
}

/** The kernel says for a write that it takes set-id bits away, and leaves the rest that changes contents to us. */
function changesContents(host: Host, req: Request, node: HostNode, fd: number): void {
  host.assertWritable();
  if (req.uid !== 0) clearSetId(host, node, fd);
}

export function fallocate(
  host: Host,
  req: Request,
  fh: Handle,
  mode: number,
  offset: number,
  length: number,
): Promise<void> | void {
  const { fd, node } = host.files.get(fh);
  changesContents(host, req, node, fd);
  if (host.local && length <= SYNC_LIMIT) {
    check(fallocateNow(fd, mode, offset, length));
    return undefined;
  }
  return fallocateAsync(fd, mode, offset, length).then((r) => void check(r));
}

export function lseek(host: Host, fh: Handle, offset: number, whence: number): number {
  return check(seek(host.files.get(fh).fd, offset, whence));
}

export function copyRange(
  host: Host,
  req: Request,
  from: { readonly fh: Handle; readonly offset: number },
  to: { readonly fh: Handle; readonly offset: number },
  length: number,
  flags: number,
): number | Promise<number> {
  if (flags !== 0) throw failure('EINVAL');
  const written = host.files.get(to.fh);
  changesContents(host, req, written.node, written.fd);
  const source = { fd: host.files.get(from.fh).fd, offset: from.offset };
  const target = { fd: written.fd, offset: to.offset };
  if (host.local && length <= SYNC_LIMIT) return check(copyFileRange(source, target, length));
  return copyFileRangeAsync(source, target, length).then(check);
}
