import { O, S } from '@scorpiofs/posix';
import { fail } from '../errno.js';
import {
  ROOT_NODE,
  type Attr,
  type Entry,
  type FileSystem,
  type Handle,
  type NodeId,
  type SetAttr,
  type StatfsReply,
} from '../filesystem.js';
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
import {
  Client,
  pathBytes,
  toBytes,
  type OpenDirectory,
  type OpenFile,
  type Path,
  type Times,
} from './client.js';
import { DirectDirectory } from './direct-directory.js';
import { DirectFile } from './direct-file.js';
import { DirectRequest } from './direct-request.js';
import { isDirectory, throwing, Walk, type Found, type Spot } from './direct-walk.js';
import { References } from './references.js';

export interface DirectClientOptions extends Partial<Identity> {
  /** Check permission bits before asking, as a mount with `default_permissions` does. Default true. */
  readonly checkPermissions?: boolean;
  /** Directory that stands before every path. Default the root. */
  readonly base?: string;
}

/** Flags that the kernel keeps to itself: it has done what they say when it opens. */
const KERNEL_FLAGS = O.O_CREAT | O.O_EXCL | O.O_NOCTTY | O.O_CLOEXEC | O.O_DIRECTORY | O.O_NOFOLLOW;
const TMPFILE_BIT = O.O_TMPFILE & ~O.O_DIRECTORY;

/**
 * Uses a file system without a mount, doing what the kernel does in front of one: walks paths with `lookup`, follows
 * symlinks, checks permissions, keeps account of lookup references and open files.
 *
 * @example
 * const client = new DirectClient(new MemoryFs());
 * await client.mkdir('/a');
 * await client.writeFile('/a/file', 'text');
 */
export class DirectClient extends Client {
  readonly #req: DirectRequest;
  readonly #references: References;
  readonly #checks: boolean;
  readonly #base: string;

  constructor(
    readonly fs: FileSystem,
    options: DirectClientOptions = {},
    references = new References(fs),
  ) {
    super();
    const { uid = process.getuid?.() ?? 0, gid = process.getgid?.() ?? 0 } = options;
    this.#req = new DirectRequest({ uid, gid });
    this.#checks = options.checkPermissions ?? true;
    this.#base = options.base ?? '';
    this.#references = references;
  }

  as(who: Identity): DirectClient {
    return this.#like({ ...who, base: this.#base });
  }

  within(dir: string): DirectClient {
    const { uid, gid } = this.#req;
    return this.#like({ uid, gid, base: `${this.#base}/${pathBytes(dir)}` });
  }

  #like(options: DirectClientOptions): DirectClient {
    const all = { ...options, checkPermissions: this.#checks };
    return new DirectClient(this.fs, all, this.#references);
  }

  /** Lookup references not yet given back: those of open files and directories, else 0. */
  get references(): number {
    return this.#references.count;
  }

  async #walk<T>(work: (walk: Walk) => Promise<T>): Promise<T> {
    const walk = new Walk(this.fs, this.#references, this.#req, this.#checks, this.#base);
    try {
      return await work(walk);
    } finally {
      walk.end();
    }
  }

  async open(path: Path, flags: number, mode = 0o666): Promise<OpenFile> {
    return this.#walk(async (walk) => {
      if ((flags & TMPFILE_BIT) !== 0) return this.#openTmpfile(walk, path, flags, mode);
      const create = (flags & O.O_CREAT) !== 0;
      const exclusive = create && (flags & O.O_EXCL) !== 0;
      const follow = !exclusive && (flags & O.O_NOFOLLOW) === 0;
      const found = await walk.resolve(path, follow);
      if (found.spot === undefined) {
        if (!create) throw fail('ENOENT');
        return this.#create(walk, found, flags, mode);
      }
      if (exclusive) throw fail('EEXIST');
      if (create && (isDirectory(found.spot) || found.mustBeDirectory)) throw fail('EISDIR');
      return this.#openNode(walk, found.spot, flags, found.mustBeDirectory);
    });
  }

  async #openTmpfile(walk: Walk, path: Path, flags: number, mode: number): Promise<OpenFile> {
    if ((flags & O.O_ACCMODE) === O.O_RDONLY) throw fail('EINVAL');
    const dir = await walk.existing(path, true);
    if (!isDirectory(dir)) throw fail('ENOTDIR');
    this.#allow(dir, MAY_WRITE | MAY_EXEC);
    if (this.fs.tmpfile === undefined) throw fail('EOPNOTSUPP');
    const made = await this.fs.tmpfile(this.#req, dir.node, S.IFREG | mode, flags, 0);
    return this.#opened(walk, walk.took(made.entry).node, made.open.fh, flags);
  }

  async #create(walk: Walk, found: Found, flags: number, mode: number): Promise<OpenFile> {
    const name = this.#newName(found);
    if (found.mustBeDirectory) throw fail('EISDIR');
    const dir = found.dir.node;
    if (this.fs.create !== undefined) {
      const made = await this.fs.create(this.#req, dir, name, S.IFREG | mode, flags, 0);
      return this.#opened(walk, walk.took(made.entry).node, made.open.fh, flags);
    }
    if (this.fs.mknod === undefined) throw fail('ENOSYS');
    const entry = walk.took(await this.fs.mknod(this.#req, dir, name, S.IFREG | mode, 0, 0));
    return this.#opened(walk, entry.node, await this.#handle(entry.node, flags), flags);
  }

  async #openNode(walk: Walk, spot: Spot, flags: number, slash: boolean): Promise<OpenFile> {
    const type = spot.attr.mode & S.IFMT;
    if (type === S.IFLNK) throw fail('ELOOP');
    const wantsDirectory = slash || (flags & O.O_DIRECTORY) !== 0;
    if (wantsDirectory && type !== S.IFDIR) throw fail('ENOTDIR');
    const writes = (flags & O.O_ACCMODE) !== O.O_RDONLY || (flags & O.O_TRUNC) !== 0;
    if (type === S.IFDIR && writes) throw fail('EISDIR');
    if (type === S.IFSOCK) throw fail('ENXIO');
    const reads = (flags & O.O_ACCMODE) !== O.O_WRONLY;
    this.#allow(spot, (reads ? MAY_READ : 0) | (writes ? MAY_WRITE : 0));
    if (type === S.IFDIR) {
      const fh = (await this.fs.opendir?.(this.#req, spot.node, flags))?.fh ?? (0 as Handle);
      return this.#opened(walk, spot.node, fh, flags, true);
    }
    const atomic = this.fs.options?.atomicOTrunc === true;
    const truncate = (flags & O.O_TRUNC) !== 0;
    const fh = await this.#handle(spot.node, atomic ? flags : flags & ~O.O_TRUNC);
    const file = this.#opened(walk, spot.node, fh, flags);
    if (truncate && !atomic) {
      try {
        await this.#set(spot.node, { size: 0, mtimeNs: 'now', ...this.#killing() }, fh);
      } catch (error) {
        await file.close();
        throw error;
      }
    }
    return file;
  }

  async #handle(node: NodeId, flags: number): Promise<Handle> {
    const reply = await this.fs.open?.(this.#req, node, flags & ~KERNEL_FLAGS);
    return reply?.fh ?? (0 as Handle);
  }

  #opened(walk: Walk, node: NodeId, fh: Handle, flags: number, directory = false): DirectFile {
    // The root has no reference to keep: the kernel never looks it up.
    if (node !== ROOT_NODE) walk.keep(node);
    return new DirectFile(
      {
        fs: this.fs,
        req: this.#req,
        checks: this.#checks,
        done: () => {
          if (node !== ROOT_NODE) this.#references.forget(node);
        },
        link: (path) => this.#linkNode(node, path),
      },
      node,
      fh,
      flags,
      directory,
    );
  }

  async opendir(path: Path): Promise<OpenDirectory> {
    return this.#walk(async (walk) => {
      const dir = await walk.existing(path, true);
      if (!isDirectory(dir)) throw fail('ENOTDIR');
      this.#allow(dir, MAY_READ);
      const fh = (await this.fs.opendir?.(this.#req, dir.node, 0))?.fh ?? (0 as Handle);
      const counted = dir.node !== ROOT_NODE;
      if (counted) walk.keep(dir.node);
      return new DirectDirectory(this.fs, this.#req, this.#references, dir.node, fh, counted);
    });
  }

  async stat(path: Path): Promise<Attr> {
    return this.#stat(path, true);
  }

  async lstat(path: Path): Promise<Attr> {
    return this.#stat(path, false);
  }

  async #stat(path: Path, follow: boolean): Promise<Attr> {
    return this.#walk(async (walk) => {
      const { node } = await walk.existing(path, follow);
      const reply = await (this.fs.getattr?.(this.#req, node, undefined) ?? throwing('ENOSYS'));
      return reply.attr;
    });
  }

  async mkdir(path: Path, mode = 0o777): Promise<void> {
    await this.#make(path, true, (dir, name) => this.fs.mkdir?.(this.#req, dir, name, mode, 0));
  }

  async mknod(path: Path, mode: number, rdev = 0): Promise<void> {
    const type = mode & S.IFMT;
    if (type === S.IFDIR) throw fail('EPERM');
    if ((type === S.IFCHR || type === S.IFBLK) && this.#req.uid !== 0) throw fail('EPERM');
    const full = type === 0 ? mode | S.IFREG : mode;
    await this.#make(path, false, (dir, name) =>
      this.fs.mknod?.(this.#req, dir, name, full, rdev, 0),
    );
  }

  async symlink(target: Path, path: Path): Promise<void> {
    const bytes = Buffer.from(pathBytes(target), 'latin1');
    if (bytes.length === 0) throw fail('ENOENT');
    if (bytes.length >= 4096) throw fail('ENAMETOOLONG');
    await this.#make(path, false, (dir, name) => this.fs.symlink?.(this.#req, dir, name, bytes));
  }

  async link(from: Path, to: Path): Promise<void> {
    await this.#walk(async (walk) => {
      const source = await walk.existing(from, false);
      await this.#linkNode(source.node, to, isDirectory(source));
    });
  }

  async #linkNode(node: NodeId, path: Path, directory = false): Promise<void> {
    await this.#make(path, false, (dir, name) => {
      if (directory) throw fail('EPERM');
      return this.fs.link?.(this.#req, node, dir, name);
    });
  }

  async #make(
    path: Path,
    directory: boolean,
    how: (dir: NodeId, name: Name) => Entry | Promise<Entry> | undefined,
  ): Promise<void> {
    await this.#walk(async (walk) => {
      const found = await walk.resolve(path, false);
      if (found.spot !== undefined) throw fail('EEXIST');
      if (found.mustBeDirectory && !directory) throw fail('ENOENT');
      const name = this.#newName(found);
      walk.took(await (how(found.dir.node, name) ?? throwing('ENOSYS')));
    });
  }

  #newName(found: Found): Name {
    const { name, dir } = found;
    if (name === undefined || name === '.' || name === '..') throw fail('EEXIST');
    if (name.length > NAME_MAX) throw fail('ENAMETOOLONG');
    if (dir.attr.nlink === 0) throw fail('ENOENT');
    this.#allow(dir, MAY_WRITE | MAY_EXEC);
    return name;
  }

  async readlink(path: Path): Promise<Buffer> {
    return this.#walk(async (walk) => {
      const { node, attr } = await walk.existing(path, false);
      if ((attr.mode & S.IFMT) !== S.IFLNK) throw fail('EINVAL');
      return Buffer.from(await (this.fs.readlink?.(this.#req, node) ?? throwing('ENOSYS')));
    });
  }

  async unlink(path: Path): Promise<void> {
    await this.#walk(async (walk) => {
      const { dir, name, spot, mustBeDirectory } = await walk.resolve(path, false);
      if (name === undefined || name === '.' || name === '..') throw fail('EISDIR');
      if (spot === undefined) throw fail('ENOENT');
      if (mustBeDirectory && !isDirectory(spot)) throw fail('ENOTDIR');
      this.#allowRemoval(dir, spot);
      if (isDirectory(spot)) throw fail('EISDIR');
      if (this.fs.unlink === undefined) throw fail('ENOSYS');
      await this.fs.unlink(this.#req, dir.node, name);
    });
  }

  async rmdir(path: Path): Promise<void> {
    await this.#walk(async (walk) => {
      const { dir, name, spot } = await walk.resolve(path, false);
      if (name === undefined) throw fail('EBUSY');
      if (name === '.') throw fail('EINVAL');
      if (name === '..') throw fail('ENOTEMPTY');
      if (spot === undefined) throw fail('ENOENT');
      this.#allowRemoval(dir, spot);
      if (!isDirectory(spot)) throw fail('ENOTDIR');
      if (this.fs.rmdir === undefined) throw fail('ENOSYS');
      await this.fs.rmdir(this.#req, dir.node, name);
    });
  }

  async rename(from: Path, to: Path, flags = 0): Promise<void> {
    await this.#walk(async (walk) => {
      const source = await walk.resolve(from, false);
      const target = await walk.resolve(to, false);
      const [name, newName] = [renamed(source.name), renamed(target.name)];
      if (source.spot === undefined) throw fail('ENOENT');
      if (source.mustBeDirectory && !isDirectory(source.spot)) throw fail('ENOTDIR');
      const directory = isDirectory(source.spot) || target.spot !== undefined;
      if (target.mustBeDirectory && !directory) throw fail('ENOTDIR');
      this.#allowRemoval(source.dir, source.spot);
      if (target.spot !== undefined) this.#allowRemoval(target.dir, target.spot);
      else this.#allow(target.dir, MAY_WRITE | MAY_EXEC);
      if (isDirectory(source.spot) && source.dir.node !== target.dir.node) {
        this.#allow(source.spot, MAY_WRITE);
      }
      if (this.fs.rename === undefined) throw fail('ENOSYS');
      const { node } = source.dir;
      await this.fs.rename(this.#req, node, name, target.dir.node, newName, flags);
    });
  }

  async truncate(path: Path, size: number): Promise<void> {
    if (size < 0) throw fail('EINVAL');
    await this.#walk(async (walk) => {
      const spot = await walk.existing(path, true);
      if (isDirectory(spot)) throw fail('EISDIR');
      if ((spot.attr.mode & S.IFMT) !== S.IFREG) throw fail('EINVAL');
      this.#allow(spot, MAY_WRITE);
      await this.#set(spot.node, { size, ...this.#killing() });
    });
  }

  async chmod(path: Path, mode: number): Promise<void> {
    await this.#change(path, true, (spot) => {
      if (this.#checks) checkOwner(this.#req, spot.attr);
      return { mode: mode & 0o7777 };
    });
  }

  async chown(path: Path, uid: number, gid: number): Promise<void> {
    await this.#change(path, true, (spot) => this.#owners(spot, uid, gid));
  }

  async lchown(path: Path, uid: number, gid: number): Promise<void> {
    await this.#change(path, false, (spot) => this.#owners(spot, uid, gid));
  }

  #owners(spot: Spot, uid: number, gid: number): SetAttr {
    const set = { ...(uid < 0 ? {} : { uid }), ...(gid < 0 ? {} : { gid }) };
    if (this.#checks) checkChown(this.#req, spot.attr, set.uid, set.gid);
    return set;
  }

  async utimens(path: Path, times: Times): Promise<void> {
    await this.#change(path, true, (spot) => this.#times(spot, times));
  }

  async lutimens(path: Path, times: Times): Promise<void> {
    await this.#change(path, false, (spot) => this.#times(spot, times));
  }

  #times(spot: Spot, times: Times): SetAttr {
    const both = times.atimeNs === 'now' && times.mtimeNs === 'now';
    const owns = this.#req.uid === spot.attr.uid;
    if (this.#checks && both && !owns) checkAccess(this.#req, spot.attr, MAY_WRITE);
    else if (this.#checks && Object.keys(times).length > 0) checkOwner(this.#req, spot.attr);
    return times;
  }

  async #change(path: Path, follow: boolean, how: (spot: Spot) => SetAttr): Promise<void> {
    await this.#walk(async (walk) => {
      const spot = await walk.existing(path, follow);
      await this.#set(spot.node, how(spot));
    });
  }

  async #set(node: NodeId, set: SetAttr, fh?: Handle): Promise<void> {
    await (this.fs.setattr?.(this.#req, node, set, fh) ?? throwing('ENOSYS'));
  }

  /** HANDLE_KILLPRIV_V2: who lacks CAP_FSETID has set-id bits cleared by what changes contents. */
  #killing(): Pick<SetAttr, 'killSuidgid'> {
    return this.#req.uid === 0 ? {} : { killSuidgid: true };
  }

  async access(path: Path, mask: number): Promise<void> {
    await this.#walk(async (walk) => {
      const spot = await walk.existing(path, true);
      this.#allow(spot, mask);
      if (!this.#checks) await this.fs.access?.(this.#req, spot.node, mask);
    });
  }

  async statfs(path: Path): Promise<StatfsReply> {
    return this.#walk(async (walk) => {
      const { node } = await walk.existing(path, true);
      return this.fs.statfs?.(this.#req, node) ?? throwing('ENOSYS');
    });
  }

  async getxattr(path: Path, name: string): Promise<Buffer> {
    return this.#walk(async (walk) => {
      const spot = await walk.existing(path, false);
      this.#allowXattr(spot, name, false);
      const key = nameFromUtf8(name);
      if (this.fs.getxattr === undefined) throw fail('EOPNOTSUPP');
      const value = await this.fs.getxattr(this.#req, spot.node, key);
      return Buffer.from(value ?? throwing('ENODATA'));
    });
  }

  async setxattr(path: Path, name: string, value: Uint8Array | string, flags = 0): Promise<void> {
    const [key, bytes] = [nameFromUtf8(name), toBytes(value)];
    if (key.length === 0 || key.length > NAME_MAX) throw fail('ERANGE');
    if (bytes.length > 65536) throw fail('E2BIG');
    await this.#walk(async (walk) => {
      const spot = await walk.existing(path, false);
      this.#allowXattr(spot, name, true);
      if (this.fs.setxattr === undefined) throw fail('EOPNOTSUPP');
      await this.fs.setxattr(this.#req, spot.node, key, bytes, flags, false);
    });
  }

  async listxattr(path: Path): Promise<string[]> {
    return this.#walk(async (walk) => {
      const { node } = await walk.existing(path, false);
      const names = await (this.fs.listxattr?.(this.#req, node) ?? []);
      return names.map((name) => Buffer.from(name, 'latin1').toString('utf8'));
    });
  }

  async removexattr(path: Path, name: string): Promise<void> {
    await this.#walk(async (walk) => {
      const spot = await walk.existing(path, false);
      this.#allowXattr(spot, name, true);
      if (this.fs.removexattr === undefined) throw fail('EOPNOTSUPP');
      await this.fs.removexattr(this.#req, spot.node, nameFromUtf8(name));
    });
  }

  /** The rules of xattr(7) that the kernel applies before it asks. */
  #allowXattr(spot: Spot, name: string, write: boolean): void {
    const privileged = this.#req.uid === 0 || !this.#checks;
    if (name.startsWith('trusted.') && !privileged) throw fail(write ? 'EPERM' : 'ENODATA');
    if (!name.startsWith('user.')) return;
    const type = spot.attr.mode & S.IFMT;
    if (type !== S.IFREG && type !== S.IFDIR) throw fail(write ? 'EPERM' : 'ENODATA');
    this.#allow(spot, write ? MAY_WRITE : MAY_READ);
  }

  #allow(spot: Spot, mask: number): void {
    if (this.#checks) checkAccess(this.#req, spot.attr, mask);
  }

  #allowRemoval(dir: Spot, spot: Spot): void {
    if (this.#checks) checkRemoval(this.#req, dir.attr, spot.attr);
  }
}

function renamed(name: Name | undefined): Name {
  if (name === undefined || name === '.' || name === '..') throw fail('EBUSY');
  return name;
}
