import { O, RENAME, S } from '@scorpiofs/posix';
import { fail } from '../errno.js';
import type { FileAttributeForm, FileAttributes } from '../file-attributes.js';
import {
  ROOT_NODE,
  type AttrReply,
  type DirSink,
  type Entry,
  type Handle,
  type NegativeEntry,
  type NodeId,
  type OpenReply,
  type Request,
  type SetAttr,
  type StatfsReply,
} from '../filesystem.js';
import type { Layer, ListedEntry } from '../layer.js';
import { NAME_MAX, nameFromUtf8, type Name } from '../name.js';
import {
  checkAccess,
  checkChown,
  checkOwner,
  checkRemoval,
  MAY_EXEC,
  MAY_READ,
  MAY_WRITE,
  type Identity,
} from '../permissions.js';
import { allocate } from './allocate.js';
import { nowNs } from './clock.js';
import { Directory } from './directory.js';
import { getFileAttributes, setFileAttributes } from './file-attributes.js';
import { FileData } from './file-data.js';
import {
  Inode,
  isDirectory,
  isFile,
  type Content,
  type DirectoryInode,
  type FileInode,
} from './inode.js';
import { performRename, planRename, unlinked, type Place } from './rename.js';
import { clearSetId, setAttributes } from './set-attributes.js';
import { PAGE, Space } from './space.js';
import { getXattr, removeXattr, setXattr } from './xattrs.js';

export interface MemoryFsOptions {
  /** Bytes of file data, in pages of 4 KiB; then ENOSPC. Default 1 GiB. */
  readonly capacity?: number;
  /** Nodes; then ENOSPC. Default 1,048,576. */
  readonly maxInodes?: number;
  /** Of the root. Default 0755, owned by the process. */
  readonly rootMode?: number;
  readonly rootUid?: number;
  readonly rootGid?: number;
  /** Seconds the kernel may remember names and attributes. `Infinity` when only one mount changes it. Default 1. */
  readonly ttl?: number;
  /**
   * Who checks the permission bits: the kernel (mount option `default_permissions`, which alone knows supplementary
   * groups), or the file system itself. Default `kernel`: every request that arrives is allowed.
   */
  readonly permissions?: 'kernel' | 'self';
}

/** What a `MemoryFs` holds, for leak checks. */
export interface MemoryFsUse {
  /** Nodes, the root included; unlinked ones while somebody holds them. */
  readonly inodes: number;
  /** Lookup references given out and not forgotten. */
  readonly lookups: number;
  /** Files and directories open. */
  readonly handles: number;
  readonly pages: number;
}

const MAX_LINKS = 65_000; // ext4's
const COPY_AT_ONCE = 16 * 1024 * 1024;
const DAY = 86_400_000_000_000n;
const DOT = nameFromUtf8('.');
const DOT_DOT = nameFromUtf8('..');

let instances = 0;

/**
 * A complete file system in memory, with the behaviour of ext4: the reference the others are compared with, and a place
 * for tests and programs that need a real directory tree without a disk. All answers are synchronous. `flock` and POSIX
 * locks are the kernel's. The umask is applied by the kernel before a request comes.
 *
 * @example
 * const fs = new MemoryFs({ capacity: 64 * 1024 * 1024 });
 * await new DirectClient(fs).writeFile('/hello', 'world');
 */
export class MemoryFs implements Layer {
  readonly fsid = `memory-${process.pid}-${++instances}`;
  readonly #inodes = new Map<NodeId, Inode>();
  readonly #handles = new Map<Handle, Inode>();
  readonly #space: Space;
  readonly #ttl: number;
  readonly #checks: boolean;
  #nextNode: number = ROOT_NODE;
  #nextHandle = 1;

  constructor(options: MemoryFsOptions = {}) {
    const { capacity = 2 ** 30, maxInodes = 2 ** 20 } = options;
    this.#space = new Space(Math.floor(capacity / PAGE), maxInodes);
    this.#ttl = options.ttl ?? 1;
    this.#checks = options.permissions === 'self';
    const owner = {
      uid: options.rootUid ?? process.getuid?.() ?? 0,
      gid: options.rootGid ?? process.getgid?.() ?? 0,
    };
    this.#make(
      { kind: 'directory', names: new Directory(), parent: undefined },
      S.IFDIR | ((options.rootMode ?? 0o755) & 0o7777),
      owner,
    );
  }

  use(): MemoryFsUse {
    let lookups = 0;
    for (const inode of this.#inodes.values()) lookups += inode.lookups;
    return {
      inodes: this.#inodes.size,
      lookups,
      handles: this.#handles.size,
      pages: this.#space.pages,
    };
  }

  /** The session ended: nobody holds anything any more. The tree stays and can be served again. */
  destroy(): void {
    this.#handles.clear();
    for (const inode of this.#inodes.values()) {
      inode.lookups = 0;
      inode.opens = 0;
      this.#collect(inode);
    }
  }

  lookup(req: Request, parent: NodeId, name: Name): Entry | NegativeEntry {
    // Of "." the kernel wants to know whether the node still is (file handles); that is no search in a directory.
    if (name === DOT) return this.#entry(this.#get(parent));
    const dir = this.#directory(parent);
    this.#allow(req, dir, MAY_EXEC);
    if (name === DOT_DOT) return this.#entry(dir.content.parent ?? dir);
    if (name.length > NAME_MAX) throw fail('ENAMETOOLONG');
    const inode = dir.content.names.get(name);
    return inode === undefined ? { node: 0, entryTtl: this.#ttl } : this.#entry(inode);
  }

  forget(node: NodeId, count: number): void {
    const inode = this.#inodes.get(node);
    if (inode === undefined) return;
    inode.lookups = Math.max(0, inode.lookups - count);
    this.#collect(inode);
  }

  getattr(_req: Request, node: NodeId, _fh: Handle | undefined): AttrReply {
    return this.#attr(this.#get(node));
  }

  setattr(req: Request, node: NodeId, set: SetAttr, fh: Handle | undefined): AttrReply {
    const inode = this.#get(node);
    if (this.#checks) checkSetattr(req, inode, set, fh !== undefined);
    setAttributes(inode, set, req, nowNs());
    return this.#attr(inode);
  }

  readlink(_req: Request, node: NodeId): Uint8Array {
    const inode = this.#get(node);
    if (inode.content.kind !== 'symlink') throw fail('EINVAL');
    accessed(inode);
    return inode.content.target;
  }

  mknod(req: Request, parent: NodeId, name: Name, mode: number, rdev: number): Entry {
    const dir = this.#forCreation(req, parent, name);
    const type = mode & S.IFMT;
    switch (type) {
      case 0:
      case S.IFREG:
        return this.#addNew(req, dir, name, this.#noData(), S.IFREG | (mode & 0o7777));
      case S.IFIFO:
      case S.IFSOCK:
        return this.#addNew(req, dir, name, { kind: 'special' }, mode);
      case S.IFCHR:
      case S.IFBLK:
        return this.#addNew(req, dir, name, { kind: 'special' }, mode, rdev);
      default:
        throw fail(type === S.IFDIR ? 'EPERM' : 'EINVAL');
    }
  }

  mkdir(req: Request, parent: NodeId, name: Name, mode: number): Entry {
    const dir = this.#forCreation(req, parent, name);
    const content: Content = { kind: 'directory', names: new Directory(), parent: dir };
    const entry = this.#addNew(req, dir, name, content, S.IFDIR | (mode & 0o7777));
    dir.nlink += 1;
    return entry;
  }

  symlink(req: Request, parent: NodeId, name: Name, target: Uint8Array): Entry {
    if (target.length === 0) throw fail('ENOENT');
    if (target.length >= PAGE) throw fail('ENAMETOOLONG');
    const dir = this.#forCreation(req, parent, name);
    const content: Content = { kind: 'symlink', target: Uint8Array.from(target) };
    return this.#addNew(req, dir, name, content, S.IFLNK | 0o777);
  }

  link(req: Request, node: NodeId, newParent: NodeId, newName: Name): Entry {
    const inode = this.#get(node);
    const dir = this.#forCreation(req, newParent, newName);
    if (isDirectory(inode)) throw fail('EPERM');
    if (inode.nlink === 0 && !inode.linkable) throw fail('ENOENT');
    if (inode.nlink >= MAX_LINKS) throw fail('EMLINK');
    const now = nowNs();
    inode.nlink += 1;
    inode.linkable = false;
    inode.ctimeNs = now;
    dir.content.names.set(newName, inode);
    dir.modified(now);
    return this.#entry(inode);
  }

  unlink(req: Request, parent: NodeId, name: Name): void {
    const dir = this.#directory(parent);
    const inode = this.#named(dir, name);
    if (this.#checks) checkRemoval(req, dir, inode);
    if (isDirectory(inode)) throw fail('EISDIR');
    this.#remove(dir, name, inode);
  }

  rmdir(req: Request, parent: NodeId, name: Name): void {
    const dir = this.#directory(parent);
    if (name === DOT) throw fail('EINVAL');
    if (name === DOT_DOT) throw fail('ENOTEMPTY');
    const inode = this.#named(dir, name);
    if (this.#checks) checkRemoval(req, dir, inode);
    if (!isDirectory(inode)) throw fail('ENOTDIR');
    if (inode.content.names.size > 0) throw fail('ENOTEMPTY');
    this.#remove(dir, name, inode);
  }

  rename(
    req: Request,
    parent: NodeId,
    name: Name,
    newParent: NodeId,
    newName: Name,
    flags: number,
  ): void {
    const from: Place = { parent: this.#directory(parent), name };
    const to: Place = { parent: this.#directory(newParent), name: newName };
    if (newName.length > NAME_MAX) throw fail('ENAMETOOLONG');
    const plan = planRename(from, to, flags);
    if (plan.nothing) return;
    if (this.#checks) checkRename(req, from, to, plan, flags);
    if ((flags & RENAME.WHITEOUT) !== 0) this.#space.takeInode();
    performRename(from, to, plan, flags, nowNs());
    if ((flags & RENAME.WHITEOUT) !== 0) {
      // The reservation above is what `#make` takes: a full file system fails before anything moved.
      this.#space.giveInode();
      const whiteout = this.#make({ kind: 'special' }, S.IFCHR, req);
      from.parent.content.names.set(name, whiteout);
    }
    if (plan.target !== undefined) this.#collect(plan.target);
  }

  open(req: Request, node: NodeId, flags: number, killSuidgid = false): OpenReply {
    const inode = this.#get(node);
    if (!isFile(inode)) throw fail(isDirectory(inode) ? 'EISDIR' : 'ENXIO');
    if (this.#checks) checkAccess(req, inode, openMask(flags));
    if ((flags & O.O_TRUNC) !== 0) {
      setAttributes(inode, { size: 0, mtimeNs: 'now', killSuidgid }, req, nowNs());
    }
    return { fh: this.#handle(inode), keepCache: true };
  }

  create(
    req: Request,
    parent: NodeId,
    name: Name,
    mode: number,
    flags: number,
  ): { entry: Entry; open: OpenReply } {
    const there = this.#directory(parent).content.names.get(name);
    if (there !== undefined && (flags & O.O_EXCL) === 0) {
      const open = this.open(req, there.id, flags);
      return { entry: this.#entry(there), open };
    }
    const dir = this.#forCreation(req, parent, name);
    const fileMode = S.IFREG | (mode & 0o7777);
    const entry = this.#addNew(req, dir, name, this.#noData(), fileMode);
    return { entry, open: { fh: this.#handle(this.#get(entry.node)), keepCache: true } };
  }

  tmpfile(
    req: Request,
    parent: NodeId,
    mode: number,
    flags: number,
  ): { entry: Entry; open: OpenReply } {
    const dir = this.#directory(parent);
    this.#allow(req, dir, MAY_WRITE | MAY_EXEC);
    const inode = this.#makeIn(req, dir, this.#noData(), S.IFREG | (mode & 0o7777));
    inode.nlink = 0;
    inode.linkable = (flags & O.O_EXCL) === 0;
    return { entry: this.#entry(inode), open: { fh: this.#handle(inode), keepCache: true } };
  }

  read(
    _req: Request,
    node: NodeId,
    _fh: Handle,
    offset: number,
    into: Buffer,
    flags: number,
  ): number {
    const inode = this.#file(node);
    const count = inode.content.data.read(offset, into);
    if (into.length > 0 && (flags & O.O_NOATIME) === 0) accessed(inode);
    return count;
  }

  write(
    _req: Request,
    node: NodeId,
    _fh: Handle,
    offset: number,
    data: Buffer,
    write: { readonly flags: number; readonly cached: boolean; readonly killSuidgid: boolean },
  ): number {
    const inode = this.#file(node);
    const { data: pages } = inode.content;
    // Pages of a mapping go where they belong, whatever descriptor carries them.
    const append = (write.flags & O.O_APPEND) !== 0 && !write.cached;
    const count = pages.write(append ? pages.size : offset, data);
    if (write.killSuidgid) clearSetId(inode);
    if (count > 0) inode.modified(nowNs());
    return count;
  }

  release(_req: Request, _node: NodeId, fh: Handle): void {
    const inode = this.#handles.get(fh);
    if (inode === undefined || !this.#handles.delete(fh)) return;
    inode.opens -= 1;
    this.#collect(inode);
  }

  /** Memory is as durable as it will be. */
  fsync(_req: Request, node: NodeId): void {
    this.#get(node);
  }

  opendir(req: Request, node: NodeId): OpenReply {
    const dir = this.#directory(node);
    this.#allow(req, dir, MAY_READ);
    return { fh: this.#handle(dir) };
  }

  readdir(_req: Request, node: NodeId, _fh: Handle, offset: number, sink: DirSink): void {
    const dir = this.#directory(node);
    accessed(dir);
    if (offset < 1 && !sink.add(DOT, BigInt(dir.id), dir.mode, 1)) return;
    const parent = dir.content.parent ?? dir;
    if (offset < 2 && !sink.add(DOT_DOT, BigInt(parent.id), parent.mode, 2)) return;
    for (const { name, inode, cookie } of dir.content.names.after(offset)) {
      if (!sink.plus) {
        if (!sink.add(name, BigInt(inode.id), inode.mode, cookie)) return;
      } else {
        if (!sink.addEntry(name, this.#describe(inode), cookie)) return;
        inode.lookups += 1;
      }
    }
  }

  releasedir(req: Request, node: NodeId, fh: Handle): void {
    this.release(req, node, fh);
  }

  fsyncdir(_req: Request, node: NodeId): void {
    this.#directory(node);
  }

  list(req: Request, node: NodeId): readonly ListedEntry[] {
    const dir = this.#directory(node);
    this.#allow(req, dir, MAY_READ);
    return Array.from(dir.content.names.after(0), ({ name, inode }) => ({
      name,
      ino: BigInt(inode.id),
      type: inode.type,
    }));
  }

  statfs(): StatfsReply {
    const { pages, maxPages, inodes, maxInodes } = this.#space;
    const free = BigInt(maxPages - pages);
    return {
      blocks: BigInt(maxPages),
      bfree: free,
      bavail: free,
      files: BigInt(maxInodes),
      ffree: BigInt(maxInodes - inodes),
      bsize: PAGE,
      frsize: PAGE,
      namelen: NAME_MAX,
    };
  }

  syncfs(): void {
    // Memory is as durable as it will be.
  }

  getxattr(req: Request, node: NodeId, name: Name): Uint8Array {
    const inode = this.#get(node);
    if (this.#checks) checkXattr(req, inode, name, false);
    return getXattr(inode, name);
  }

  setxattr(
    req: Request,
    node: NodeId,
    name: Name,
    value: Buffer,
    flags: number,
    clearSgid: boolean,
  ): void {
    const inode = this.#get(node);
    if (this.#checks) checkXattr(req, inode, name, true);
    setXattr(inode, name, value, flags);
    if (clearSgid) inode.mode &= ~S.ISGID;
    inode.ctimeNs = nowNs();
  }

  listxattr(req: Request, node: NodeId): readonly Name[] {
    const names = [...this.#get(node).xattrs.keys()];
    return req.uid === 0 ? names : names.filter((name) => !name.startsWith('trusted.'));
  }

  removexattr(req: Request, node: NodeId, name: Name): void {
    const inode = this.#get(node);
    if (this.#checks) checkXattr(req, inode, name, true);
    removeXattr(inode, name);
    inode.ctimeNs = nowNs();
  }

  getFileAttributes(
    _req: Request,
    node: NodeId,
    _fh: Handle | undefined,
    form: FileAttributeForm,
  ): FileAttributes {
    return getFileAttributes(this.#get(node), form);
  }

  setFileAttributes(
    req: Request,
    node: NodeId,
    _fh: Handle | undefined,
    set: FileAttributes,
  ): void {
    const inode = this.#get(node);
    if (this.#checks) checkOwner(req, inode);
    setFileAttributes(inode, set, nowNs());
  }

  access(req: Request, node: NodeId, mask: number): void {
    this.#allow(req, this.#get(node), mask);
  }

  fallocate(
    req: Request,
    node: NodeId,
    _fh: Handle,
    mode: number,
    offset: number,
    length: number,
  ): void {
    const inode = this.#file(node);
    allocate(inode.content.data, mode, offset, length);
    if (req.uid !== 0) clearSetId(inode);
    inode.modified(nowNs());
  }

  lseek(_req: Request, node: NodeId, _fh: Handle, offset: number, whence: number): number {
    const { data } = this.#file(node).content;
    if (whence === 3) return data.seekData(offset);
    if (whence === 4) return data.seekHole(offset);
    throw fail('EINVAL');
  }

  copyFileRange(
    req: Request,
    from: { readonly node: NodeId; readonly offset: number },
    to: { readonly node: NodeId; readonly offset: number },
    length: number,
    flags: number,
  ): number {
    if (flags !== 0) throw fail('EINVAL');
    const [source, target] = [this.#file(from.node), this.#file(to.node)];
    const wanted = Math.min(length, source.size - from.offset, COPY_AT_ONCE);
    if (wanted <= 0) return 0;
    if (source === target && Math.abs(from.offset - to.offset) < wanted) throw fail('EINVAL');
    const bytes = Buffer.allocUnsafe(wanted);
    source.content.data.read(from.offset, bytes);
    const count = target.content.data.write(to.offset, bytes);
    accessed(source);
    if (req.uid !== 0) clearSetId(target);
    target.modified(nowNs());
    return count;
  }

  #get(node: NodeId): Inode {
    const inode = this.#inodes.get(node);
    if (inode === undefined) throw fail('ESTALE', `no node ${node}`);
    return inode;
  }

  #directory(node: NodeId): DirectoryInode {
    const inode = this.#get(node);
    if (!isDirectory(inode)) throw fail('ENOTDIR');
    return inode;
  }

  #file(node: NodeId): FileInode {
    const inode = this.#get(node);
    if (!isFile(inode)) throw fail(isDirectory(inode) ? 'EISDIR' : 'EINVAL');
    return inode;
  }

  #named(dir: DirectoryInode, name: Name): Inode {
    const inode = dir.content.names.get(name);
    if (inode === undefined) throw fail('ENOENT');
    return inode;
  }

  #allow(who: Identity, inode: Inode, mask: number): void {
    if (this.#checks) checkAccess(who, inode, mask);
  }

  /** The directory in which a new name may be made. */
  #forCreation(req: Request, parent: NodeId, name: Name): DirectoryInode {
    const dir = this.#directory(parent);
    if (name.length > NAME_MAX) throw fail('ENAMETOOLONG');
    if (name === DOT || name === DOT_DOT || dir.content.names.get(name)) throw fail('EEXIST');
    if (dir.nlink === 0) throw fail('ENOENT', 'the directory was removed');
    this.#allow(req, dir, MAY_WRITE | MAY_EXEC);
    return dir;
  }

  #noData(): Content {
    return { kind: 'file', data: new FileData(this.#space) };
  }

  #addNew(
    req: Request,
    dir: DirectoryInode,
    name: Name,
    content: Content,
    mode: number,
    rdev = 0,
  ): Entry {
    const inode = this.#makeIn(req, dir, content, mode, rdev);
    dir.content.names.set(name, inode);
    dir.modified(inode.ctimeNs);
    return this.#entry(inode);
  }

  /** A set-group-id directory hands its group on, and to directories the bit itself (inode(7)). */
  #makeIn(req: Request, dir: DirectoryInode, content: Content, mode: number, rdev = 0): Inode {
    const inherits = (dir.mode & S.ISGID) !== 0;
    const gid = inherits ? dir.gid : req.gid;
    let given = mode;
    if (inherits && content.kind === 'directory') given |= S.ISGID;
    else if (inherits && req.uid !== 0 && req.gid !== gid && (mode & 0o010) !== 0)
      given &= ~S.ISGID;
    const inode = this.#make(content, given, { uid: req.uid, gid }, rdev);
    inode.flags = dir.flags;
    return inode;
  }

  #make(content: Content, mode: number, owner: Identity, rdev = 0): Inode {
    this.#space.takeInode();
    // Never used twice: a node id the kernel remembers cannot come to mean another file.
    const id = this.#nextNode++ as NodeId;
    const inode = new Inode(id, content, mode, owner.uid, owner.gid, rdev, nowNs());
    this.#inodes.set(id, inode);
    return inode;
  }

  #remove(dir: DirectoryInode, name: Name, inode: Inode): void {
    const now = nowNs();
    dir.content.names.delete(name);
    unlinked(dir, inode, now);
    dir.modified(now);
    this.#collect(inode);
  }

  /** Frees a node that has neither name nor user. */
  #collect(inode: Inode): void {
    if (inode.nlink > 0 || inode.lookups > 0 || inode.opens > 0) return;
    if (!this.#inodes.delete(inode.id)) return;
    this.#space.giveInode();
    if (isFile(inode)) inode.content.data.clear();
  }

  #handle(inode: Inode): Handle {
    const fh = this.#nextHandle++ as Handle;
    this.#handles.set(fh, inode);
    inode.opens += 1;
    return fh;
  }

  #attr(inode: Inode): AttrReply {
    return { attr: inode.attr(), attrTtl: this.#ttl };
  }

  #describe(inode: Inode): Entry {
    return {
      node: inode.id,
      generation: 1,
      attr: inode.attr(),
      attrTtl: this.#ttl,
      entryTtl: this.#ttl,
    };
  }

  /** An answer that gives out a lookup reference. */
  #entry(inode: Inode): Entry {
    inode.lookups += 1;
    return this.#describe(inode);
  }
}

/** `relatime`, the default of Linux: at most once a day, or when older than the last change. */
function accessed(inode: Inode): void {
  const now = nowNs();
  const { atimeNs, mtimeNs, ctimeNs } = inode;
  if (atimeNs <= mtimeNs || atimeNs <= ctimeNs || now - atimeNs >= DAY) inode.atimeNs = now;
}

function openMask(flags: number): number {
  const how = flags & O.O_ACCMODE;
  const read = how === O.O_WRONLY ? 0 : MAY_READ;
  const write = how === O.O_RDONLY && (flags & O.O_TRUNC) === 0 ? 0 : MAY_WRITE;
  return read | write;
}

function checkSetattr(who: Identity, inode: Inode, set: SetAttr, opened: boolean): void {
  if (set.mode !== undefined) checkOwner(who, inode);
  checkChown(who, inode, set.uid, set.gid);
  if (set.size !== undefined && !opened) checkAccess(who, inode, MAY_WRITE);
  const times = [set.atimeNs, set.mtimeNs].filter((time) => time !== undefined);
  if (times.length === 0 || who.uid === 0 || who.uid === inode.uid) return;
  if (times.every((time) => time === 'now')) checkAccess(who, inode, MAY_WRITE);
  else checkOwner(who, inode);
}

function checkRename(
  who: Identity,
  from: Place,
  to: Place,
  plan: ReturnType<typeof planRename>,
  flags: number,
): void {
  const { source, target } = plan;
  checkRemoval(who, from.parent, source);
  if (target === undefined) checkAccess(who, to.parent, MAY_WRITE | MAY_EXEC);
  else checkRemoval(who, to.parent, target);
  // A directory that gets another parent has its ".." rewritten.
  if (from.parent === to.parent) return;
  if (isDirectory(source)) checkAccess(who, source, MAY_WRITE);
  const swapped = (flags & RENAME.EXCHANGE) !== 0 && target !== undefined && isDirectory(target);
  if (swapped) checkAccess(who, target, MAY_WRITE);
}

function checkXattr(who: Identity, inode: Inode, name: Name, write: boolean): void {
  if (name.startsWith('trusted.') && who.uid !== 0) throw fail(write ? 'EPERM' : 'ENODATA');
  if (name.startsWith('security.') && write && who.uid !== 0) throw fail('EPERM');
  if (name.startsWith('user.')) checkAccess(who, inode, write ? MAY_WRITE : MAY_READ);
}
