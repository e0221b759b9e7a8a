import type {
  AttrReply,
  DirSink,
  Entry,
  FileAttributeForm,
  FileAttributes,
  FileSystemOptions,
  Handle,
  Layer,
  LayerMarks,
  ListedEntry,
  Maybe,
  Name,
  NegativeEntry,
  NodeId,
  OpenReply,
  Request,
  SessionInfo,
  SetAttr,
  StatfsReply,
} from '@scorpiofs/fuse';
import {
  close,
  fdatasyncAsync,
  fstatfs,
  fsyncAsync,
  procPath,
  readlinkat,
  syncfsAsync,
} from '@scorpiofs/posix';

import { getattr, setattr } from './attributes.js';
import { claim } from './claim.js';
import { copyFile } from './copy-from.js';
import { opendir, openDirectory, readdir, releasedir } from './directory.js';
import { check, must } from './fail.js';
import * as file from './file.js';
import { getFileAttributes, setFileAttributes } from './file-attributes.js';
import { probeHostMarks } from './host-marks.js';
import { Host } from './host.js';
import { fsidOf, hostFd, list, Origins } from './layer.js';
import { forget, lookup } from './lookup.js';
import * as make from './make.js';
import type { PassthroughOptions } from './options.js';
import { rmdir, unlink, unlinkQuick } from './remove.js';
import { rename } from './rename.js';
import * as xattr from './xattr.js';

/**
 * A host directory as a file system, and as a layer of a union. Symlinks inside it are never followed here, so nothing
 * outside it is reached. Served by root to others, the mount must check permissions (`default_permissions`; with ACLs the
 * kernel does so by itself): here everything is done that was allowed there.
 *
 * @throws SourceError when the directory cannot be opened.
 */
export class PassthroughFs implements Layer {
  readonly options: FileSystemOptions;
  readonly fsid: string;
  readonly #host: Host;
  readonly #origins: Origins;

  constructor(path: string, options: PassthroughOptions = {}) {
    this.#host = new Host(path, options);
    this.#origins = new Origins(this.#host);
    this.fsid = fsidOf(this.#host);
    this.options = {
      posixAcl: this.#host.acl,
      dontMask: true,
      atomicOTrunc: true,
      cacheSymlinks: options.exclusive ?? false,
      maxStackDepth: 1,
    };
  }

  /** How many nodes are known, and how many descriptors they hold: for tests and metrics. */
  get counts(): { readonly nodes: number; readonly descriptors: number; readonly open: number } {
    const { nodes, descriptors, files, directories } = this.#host;
    return {
      nodes: nodes.size,
      descriptors: descriptors.held,
      open: files.size + directories.size,
    };
  }

  /** Files made by a caller belong to it; false where this process may not act for others. */
  get actsForCallers(): boolean {
    return this.#host.actor.canActForOthers;
  }

  /**
   * Another directory as a root of its own, which stays known: the work directory of a union, say. Renaming between the
   * roots works where the host can.
   *
   * @throws SourceError when it cannot be opened.
   */
  attach(path: string): NodeId {
    return this.#host.attach(path).id;
  }

  init(info: SessionInfo): void {
    this.#host.writebackCache = info.writebackCache;
  }

  destroy(): void {
    this.#host.closeAll();
  }

  lookup(_req: Request, parent: NodeId, name: Name): Entry | NegativeEntry {
    return lookup(this.#host, parent, name);
  }
  forget(node: NodeId, count: number): void {
    forget(this.#host, node, count);
  }
  getattr(_req: Request, node: NodeId, fh: Handle | undefined): AttrReply {
    return getattr(this.#host, node, fh);
  }
  setattr(_req: Request, node: NodeId, set: SetAttr, fh: Handle | undefined): AttrReply {
    return setattr(this.#host, node, set, fh);
  }
  readlink(_req: Request, node: NodeId): Uint8Array {
    const { nodes, descriptors } = this.#host;
    return must(readlinkat(check(descriptors.of(nodes.get(node))), ''));
  }

  mknod(
    req: Request,
    parent: NodeId,
    name: Name,
    mode: number,
    rdev: number,
    umask: number,
  ): Entry {
    return make.mknod(this.#host, req, parent, name, mode, rdev, umask);
  }
  mkdir(req: Request, parent: NodeId, name: Name, mode: number, umask: number): Entry {
    return make.mkdir(this.#host, req, parent, name, mode, umask);
  }
  symlink(req: Request, parent: NodeId, name: Name, target: Uint8Array): Entry {
    return make.symlink(this.#host, req, parent, name, target);
  }
  link(_req: Request, node: NodeId, newParent: NodeId, newName: Name): Entry {
    return make.link(this.#host, node, newParent, newName);
  }
  create(
    req: Request,
    parent: NodeId,
    name: Name,
    mode: number,
    flags: number,
    umask: number,
  ): make.Created {
    return make.create(this.#host, req, parent, name, mode, flags, umask);
  }
  tmpfile(req: Request, parent: NodeId, mode: number, flags: number, umask: number): make.Created {
    return make.tmpfile(this.#host, req, parent, mode, flags, umask);
  }
  unlink(_req: Request, parent: NodeId, name: Name): void {
    unlink(this.#host, parent, name);
  }
  rmdir(_req: Request, parent: NodeId, name: Name): void {
    rmdir(this.#host, parent, name);
  }
  rename(
    _req: Request,
    parent: NodeId,
    name: Name,
    newParent: NodeId,
    newName: Name,
    flags: number,
  ): void {
    rename(this.#host, parent, name, newParent, newName, flags);
  }

  open(req: Request, node: NodeId, flags: number, killSuidgid = false): OpenReply {
    return file.open(this.#host, req, node, flags, killSuidgid);
  }
  read(_req: Request, _node: NodeId, fh: Handle, offset: number, into: Buffer): Maybe<number> {
    return file.read(this.#host, fh, offset, into);
  }
  write(
    _req: Request,
    _node: NodeId,
    fh: Handle,
    offset: number,
    data: Buffer,
    how: { readonly killSuidgid: boolean },
  ): Maybe<number> {
    return file.write(this.#host, fh, offset, data, how.killSuidgid);
  }
  release(_req: Request, _node: NodeId, fh: Handle): Maybe<void> {
    return file.release(this.#host, fh);
  }
  fsync(_req: Request, _node: NodeId, fh: Handle, datasync: boolean): Promise<void> {
    return file.fsync(this.#host, fh, datasync);
  }
  fallocate(
    req: Request,
    _node: NodeId,
    fh: Handle,
    mode: number,
    offset: number,
    length: number,
  ): Maybe<void> {
    return file.fallocate(this.#host, req, fh, mode, offset, length);
  }
  lseek(_req: Request, _node: NodeId, fh: Handle, offset: number, whence: number): number {
    return file.lseek(this.#host, fh, offset, whence);
  }
  copyFileRange(
    req: Request,
    from: { readonly fh: Handle; readonly offset: number },
    to: { readonly fh: Handle; readonly offset: number },
    length: number,
    flags: number,
  ): Maybe<number> {
    return file.copyRange(this.#host, req, from, to, length, flags);
  }

  opendir(_req: Request, node: NodeId): OpenReply {
    return opendir(this.#host, node);
  }
  readdir(_req: Request, _node: NodeId, fh: Handle, offset: number, sink: DirSink): void {
    readdir(this.#host, fh, offset, sink);
  }
  releasedir(_req: Request, _node: NodeId, fh: Handle): void {
    releasedir(this.#host, fh);
  }
  async fsyncdir(_req: Request, _node: NodeId, fh: Handle, datasync: boolean): Promise<void> {
    const { fd } = openDirectory(this.#host, fh);
    check(await (datasync ? fdatasyncAsync(fd) : fsyncAsync(fd)));
  }

  statfs(_req: Request, node: NodeId): StatfsReply {
    const { nodes, descriptors } = this.#host;
    return must(fstatfs(check(descriptors.ofAny(nodes.get(node)))));
  }
  async syncfs(): Promise<void> {
    check(await syncfsAsync(this.#host.nodes.root().fd));
  }

  getxattr(_req: Request, node: NodeId, name: Name): Uint8Array | undefined {
    return xattr.getxattr(this.#host, node, name);
  }
  setxattr(
    _req: Request,
    node: NodeId,
    name: Name,
    value: Buffer,
    flags: number,
    clearSgid: boolean,
  ): void {
    xattr.setxattr(this.#host, node, name, value, flags, clearSgid);
  }
  listxattr(_req: Request, node: NodeId): readonly Name[] {
    return xattr.listxattr(this.#host, node);
  }
  removexattr(_req: Request, node: NodeId, name: Name): void {
    xattr.removexattr(this.#host, node, name);
  }

  getFileAttributes(
    _req: Request,
    node: NodeId,
    fh: Handle | undefined,
    form: FileAttributeForm,
  ): FileAttributes {
    return getFileAttributes(this.#host, node, fh, form);
  }
  setFileAttributes(req: Request, node: NodeId, fh: Handle | undefined, set: FileAttributes): void {
    setFileAttributes(this.#host, req, node, fh, set);
  }

  findXattr(_req: Request, node: NodeId, name: Name): Uint8Array | undefined {
    return xattr.findXattr(this.#host, node, name);
  }
  list(_req: Request, node: NodeId): Maybe<readonly ListedEntry[]> {
    return list(this.#host, node);
  }
  hostFd(node: NodeId, flags: number): number | undefined {
    return hostFd(this.#host, node, flags);
  }
  unlinkQuick(_req: Request, parent: NodeId, name: Name): void {
    unlinkQuick(this.#host, parent, name);
  }
  releaseQuick(_req: Request, _node: NodeId, fh: Handle): Maybe<void> {
    return file.releaseQuick(this.#host, fh);
  }
  closeHostFd(fd: number): void {
    close(fd);
  }
  copyFrom(_req: Request, _node: NodeId, fh: Handle, source: number, size: number): Maybe<void> {
    return copyFile(source, this.#host.files.get(fh).fd, size);
  }
  claim(node: NodeId): (() => void) | number {
    return claim(this.#host, node);
  }
  marks(directory: NodeId): LayerMarks {
    const { nodes, descriptors } = this.#host;
    return probeHostMarks(procPath(check(descriptors.of(nodes.get(directory)))));
  }
  sameMount(one: NodeId, other: NodeId): boolean {
    const { nodes } = this.#host;
    return nodes.get(one).mount === nodes.get(other).mount;
  }
  originOf(node: NodeId): Uint8Array | undefined {
    return this.#origins.of(node);
  }
  inoOfOrigin(origin: Uint8Array): bigint | undefined {
    return this.#origins.inoOf(origin);
  }
}
