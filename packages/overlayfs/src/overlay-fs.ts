import type {
  AttrReply,
  DirSink,
  Entry,
  FileAttributeForm,
  FileAttributes,
  FileSystem,
  FileSystemOptions,
  Handle,
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
import { followLayers } from './announce.js';
import * as attr from './attr.js';
import { changes, type Change } from './changes.js';
import { closeAll } from './close.js';
import { claimUpper } from './claim.js';
import * as create from './create.js';
import * as data from './data.js';
import { getFileAttributes, setFileAttributes } from './file-attributes.js';
import { link } from './link.js';
import { lookupEntry } from './lookup-entry.js';
import { forget } from './node-table.js';
import * as opening from './open.js';
import { release } from './opens.js';
import { readdir } from './readdir.js';
import { readlink } from './readlink.js';
import { rmdirNow, unlinkNow } from './remove.js';
import { renameNow } from './rename-now.js';
import { operate, within } from './operate.js';
import type { Op } from './run.js';
import { OverlayState, type OverlayOptions } from './state.js';
import * as sync from './sync.js';
import * as xattr from './xattr.js';

/**
 * The union of layers as one file system: the topmost may be written, the others never change through it. OPENDIR, and OPEN
 * unless `data` says otherwise, are not answered: the kernel then keeps listings and pages and does not ask again. The layers stay
 * the caller's: `destroy` gives back what is held of them, and does not end them.
 *
 * @throws OverlayError when the layers do not make an overlay, or another live one has the upper (`OVERLAY_IN_USE`).
 * @example
 * const base = new PassthroughFs('/srv/base', { readOnly: true });
 * const own = new PassthroughFs('/srv/job/upper');
 * const upper = { layer: own, work: own.attach('/srv/job/work') };
 * await mount(new OverlayFs({ upper, lowers: [{ layer: base }] }), '/mnt/job');
 */
export class OverlayFs implements FileSystem {
  readonly options: FileSystemOptions;
  /** Absent where data comes by node: the kernel is told once that nothing needs opening, and makes new files by `mknod`. */
  readonly create?: NonNullable<FileSystem['create']>;
  readonly open?: NonNullable<FileSystem['open']>;
  readonly release?: NonNullable<FileSystem['release']>;
  readonly #state: OverlayState;

  constructor(options: OverlayOptions) {
    this.#state = new OverlayState(options);
    claimUpper(this.#state);
    const top = this.#state.layers[0]?.fs.options;
    this.options = {
      atomicOTrunc: this.#state.opensFiles,
      posixAcl: top?.posixAcl ?? false,
      dontMask: top?.dontMask ?? false,
      cacheSymlinks: this.#state.ttl === Infinity,
    };
    if (!this.#state.opensFiles) return;
    this.create = (req, parent, name, mode, flags, umask) =>
      within(this.#state, () =>
        create.create(this.#state, req, this.#node(parent), name, mode, flags, umask),
      );
    this.open = (req, node, flags, killSuidgid = false) =>
      this.#run(opening.open(this.#state, req, node, flags, killSuidgid));
    this.release = (_req, node, fh) => release(this.#state, node, fh);
  }

  /** Nodes known and layer files open: for tests and metrics. */
  get counts(): { readonly nodes: number; readonly open: number } {
    return { nodes: this.#state.nodes.size, open: this.#state.openNodes.size };
  }

  /**
   * What the upper changes of the layers below, in the order of a walk; directories before what they hold. Walks the upper
   * alone, so it costs as much as there are changes; files that were copied up are compared byte for byte where sizes agree; where a
   * changed hard link has names that are only below, the tree is searched for them.
   */
  changes(): Maybe<readonly Change[]> {
    return this.#run(changes(this.#state));
  }

  init(info: SessionInfo): void {
    claimUpper(this.#state);
    this.#state.notify = info.notify;
    this.#state.passthrough = info.passthrough;
    followLayers(this.#state);
  }
  destroy(): void {
    closeAll(this.#state);
  }

  lookup(req: Request, parent: NodeId, name: Name): Maybe<Entry | NegativeEntry> {
    const state = this.#state;
    return within(state, () => lookupEntry(state, req, state.node(parent), name));
  }
  forget(node: NodeId, count: number): void {
    forget(this.#state, node, count);
  }
  getattr(_req: Request, node: NodeId, _fh: Handle | undefined): Maybe<AttrReply> {
    return within(this.#state, () => attr.getattrNow(this.#state, node));
  }
  setattr(req: Request, node: NodeId, set: SetAttr, _fh: Handle | undefined): Maybe<AttrReply> {
    return within(this.#state, () => attr.setattrNow(this.#state, req, node, set));
  }
  readlink(req: Request, node: NodeId): Maybe<Uint8Array> {
    return this.#run(readlink(this.#state, req, this.#node(node)));
  }

  mknod(
    req: Request,
    parent: NodeId,
    name: Name,
    mode: number,
    rdev: number,
    umask: number,
  ): Maybe<Entry> {
    const state = this.#state;
    return within(state, () =>
      create.mknodNow(state, req, state.node(parent), name, mode, rdev, umask),
    );
  }
  mkdir(req: Request, parent: NodeId, name: Name, mode: number, umask: number): Maybe<Entry> {
    const state = this.#state;
    return within(state, () => create.mkdirNow(state, req, state.node(parent), name, mode, umask));
  }
  symlink(req: Request, parent: NodeId, name: Name, target: Uint8Array): Maybe<Entry> {
    const state = this.#state;
    return within(state, () => create.symlinkNow(state, req, state.node(parent), name, target));
  }
  link(req: Request, node: NodeId, newParent: NodeId, newName: Name): Maybe<Entry> {
    return this.#run(link(this.#state, req, this.#node(node), this.#node(newParent), newName));
  }
  tmpfile(
    req: Request,
    parent: NodeId,
    mode: number,
    flags: number,
    umask: number,
  ): Maybe<{ readonly entry: Entry; readonly open: OpenReply }> {
    return this.#run(create.tmpfile(this.#state, req, this.#node(parent), mode, flags, umask));
  }
  unlink(req: Request, parent: NodeId, name: Name): Maybe<void> {
    const state = this.#state;
    return within(state, () => unlinkNow(state, req, state.node(parent), name));
  }
  rmdir(req: Request, parent: NodeId, name: Name): Maybe<void> {
    const state = this.#state;
    return within(state, () => rmdirNow(state, req, state.node(parent), name));
  }
  rename(
    req: Request,
    parent: NodeId,
    name: Name,
    newParent: NodeId,
    newName: Name,
    flags: number,
  ): Maybe<void> {
    const from = { parent: this.#node(parent), name };
    const to = { parent: this.#node(newParent), name: newName };
    return within(this.#state, () => renameNow(this.#state, req, from, to, flags));
  }

  read(
    req: Request,
    node: NodeId,
    _fh: Handle,
    offset: number,
    into: Buffer,
    flags: number,
  ): Maybe<number> {
    return this.#run(data.read(this.#state, req, this.#node(node), offset, into, flags));
  }
  write(
    req: Request,
    node: NodeId,
    _fh: Handle,
    offset: number,
    bytes: Buffer,
    how: data.WriteInfo,
  ): Maybe<number> {
    const state = this.#state;
    return within(state, () => data.writeNow(state, req, state.node(node), offset, bytes, how));
  }
  fsync(req: Request, node: NodeId, _fh: Handle, datasync: boolean): Maybe<void> {
    return this.#run(data.fsync(this.#state, req, this.#node(node), datasync));
  }
  fallocate(
    req: Request,
    node: NodeId,
    _fh: Handle,
    mode: number,
    offset: number,
    length: number,
  ): Maybe<void> {
    return this.#run(data.fallocate(this.#state, req, this.#node(node), mode, offset, length));
  }
  lseek(req: Request, node: NodeId, _fh: Handle, offset: number, whence: number): Maybe<number> {
    return this.#run(data.lseek(this.#state, req, this.#node(node), offset, whence));
  }
  copyFileRange(
    req: Request,
    from: { readonly node: NodeId; readonly fh: Handle; readonly offset: number },
    to: { readonly node: NodeId; readonly fh: Handle; readonly offset: number },
    length: number,
    flags: number,
  ): Maybe<number> {
    const source = { node: this.#node(from.node), offset: from.offset };
    const target = { node: this.#node(to.node), offset: to.offset };
    return this.#run(data.copyFileRange(this.#state, req, source, target, length, flags));
  }

  readdir(req: Request, node: NodeId, _fh: Handle, offset: number, sink: DirSink): Maybe<void> {
    return this.#run(readdir(this.#state, req, this.#node(node), offset, sink));
  }
  fsyncdir(req: Request, node: NodeId, _fh: Handle, datasync: boolean): Maybe<void> {
    return this.#run(sync.fsyncdir(this.#state, req, this.#node(node), datasync));
  }

  statfs(req: Request, _node: NodeId): Maybe<StatfsReply> {
    return this.#run(sync.statfs(this.#state, req));
  }
  syncfs(req: Request, _node: NodeId): Maybe<void> {
    return this.#run(sync.syncfs(this.#state, req));
  }

  getxattr(req: Request, node: NodeId, name: Name): Maybe<Uint8Array | undefined> {
    return within(this.#state, () => xattr.getxattr(this.#state, req, this.#node(node), name));
  }
  setxattr(
    req: Request,
    node: NodeId,
    name: Name,
    value: Buffer,
    flags: number,
    clearSgid: boolean,
  ): Maybe<void> {
    return this.#run(
      xattr.setxattr(this.#state, req, this.#node(node), name, value, flags, clearSgid),
    );
  }
  listxattr(req: Request, node: NodeId): Maybe<readonly Name[]> {
    return this.#run(xattr.listxattr(this.#state, req, this.#node(node)));
  }
  removexattr(req: Request, node: NodeId, name: Name): Maybe<void> {
    return this.#run(xattr.removexattr(this.#state, req, this.#node(node), name));
  }

  getFileAttributes(
    req: Request,
    node: NodeId,
    _fh: Handle | undefined,
    form: FileAttributeForm,
  ): Maybe<FileAttributes> {
    return this.#run(getFileAttributes(this.#state, req, this.#node(node), form));
  }
  setFileAttributes(
    req: Request,
    node: NodeId,
    _fh: Handle | undefined,
    set: FileAttributes,
  ): Maybe<void> {
    return this.#run(setFileAttributes(this.#state, req, this.#node(node), set));
  }

  #node(id: NodeId) {
    return this.#state.node(id);
  }

  #run<T>(op: Op<T>): Maybe<T> {
    return operate(this.#state, op);
  }
}
