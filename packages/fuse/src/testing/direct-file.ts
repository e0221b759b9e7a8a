import { O, S } from '@scorpiofs/posix';
import { fail } from '../errno.js';
import { FILE_ATTRIBUTE, type FileAttributeForm, type FileAttributes } from '../file-attributes.js';
import type { Attr, FileSystem, Handle, NodeId, Request, SetAttr } from '../filesystem.js';
import { checkChown, checkOwner } from '../permissions.js';
import { toBytes, type OpenFile, type Path, type Times } from './client.js';
import { throwing } from './direct-walk.js';

/** What an open file needs of the client that opened it. */
export interface FileContext {
  readonly fs: FileSystem;
  readonly req: Request;
  readonly checks: boolean;
  readonly link: (path: Path) => Promise<void>;
  readonly done: () => void;
}

export class DirectFile implements OpenFile {
  #open = true;

  constructor(
    readonly context: FileContext,
    readonly node: NodeId,
    readonly fh: Handle,
    readonly flags: number,
    readonly directory: boolean,
  ) {}

  #readable(): void {
    this.#live();
    if ((this.flags & O.O_ACCMODE) === O.O_WRONLY) throw fail('EBADF');
    if (this.directory) throw fail('EISDIR');
  }

  #writable(): void {
    this.#live();
    if ((this.flags & O.O_ACCMODE) === O.O_RDONLY) throw fail('EBADF');
  }

  #live(): void {
    if (!this.#open) throw fail('EBADF', 'closed');
  }

  async read(length: number, offset: number): Promise<Buffer> {
    this.#readable();
    if (offset < 0) throw fail('EINVAL');
    const { fs, req } = this.context;
    const into = Buffer.alloc(length);
    const reply = fs.read?.(req, this.node, this.fh, offset, into, this.flags);
    const count = await (reply ?? throwing('ENOSYS'));
    return into.subarray(0, count);
  }

  async write(data: Uint8Array | string, offset: number): Promise<number> {
    this.#writable();
    if (offset < 0) throw fail('EINVAL');
    const { fs, req } = this.context;
    const append = (this.flags & O.O_APPEND) !== 0;
    const at = append ? (await this.stat()).size : offset;
    const how = { flags: this.flags, cached: false, killSuidgid: req.uid !== 0 };
    const reply = fs.write?.(req, this.node, this.fh, at, toBytes(data), how);
    return reply ?? throwing('ENOSYS');
  }

  async stat(): Promise<Attr> {
    this.#live();
    const { fs, req } = this.context;
    const reply = await (fs.getattr?.(req, this.node, this.fh) ?? throwing('ENOSYS'));
    return reply.attr;
  }

  async truncate(size: number): Promise<void> {
    if ((this.flags & O.O_ACCMODE) === O.O_RDONLY || size < 0) throw fail('EINVAL');
    const kill = this.context.req.uid === 0 ? {} : { killSuidgid: true };
    await this.#set({ size, ...kill });
  }

  async chmod(mode: number): Promise<void> {
    if (this.context.checks) checkOwner(this.context.req, await this.stat());
    await this.#set({ mode: mode & 0o7777 });
  }

  async chown(uid: number, gid: number): Promise<void> {
    const set = { ...(uid < 0 ? {} : { uid }), ...(gid < 0 ? {} : { gid }) };
    const { req, checks } = this.context;
    if (checks) checkChown(req, await this.stat(), set.uid, set.gid);
    await this.#set(set);
  }

  async utimens(times: Times): Promise<void> {
    if (this.context.checks) checkOwner(this.context.req, await this.stat());
    await this.#set(times);
  }

  async #set(set: SetAttr): Promise<void> {
    this.#live();
    const { fs, req } = this.context;
    await (fs.setattr?.(req, this.node, set, this.fh) ?? throwing('ENOSYS'));
  }

  async getFileAttributes(form: FileAttributeForm): Promise<FileAttributes> {
    this.#live();
    const { fs, req } = this.context;
    return fs.getFileAttributes?.(req, this.node, this.fh, form) ?? throwing('ENOTTY');
  }

  /** With what the kernel checks before it asks. */
  async setFileAttributes(set: FileAttributes): Promise<void> {
    const { fs, req, checks } = this.context;
    if (checks) checkOwner(req, await this.stat());
    const { IMMUTABLE, APPEND } = FILE_ATTRIBUTE[set.form];
    const changed = (await this.getFileAttributes(set.form)).bits ^ set.bits;
    if (checks && req.uid !== 0 && (changed & (IMMUTABLE | APPEND)) !== 0) throw fail('EPERM');
    if (fs.setFileAttributes === undefined) throw fail('ENOTTY');
    await fs.setFileAttributes(req, this.node, this.fh, set);
  }

  /** What a file system does not implement counts as done, as it does for the kernel. */
  async sync(datasync = false): Promise<void> {
    this.#live();
    const { fs, req } = this.context;
    if (this.directory) await fs.fsyncdir?.(req, this.node, this.fh, datasync);
    else await fs.fsync?.(req, this.node, this.fh, datasync);
  }

  async allocate(mode: number, offset: number, length: number): Promise<void> {
    if (offset < 0 || length <= 0) throw fail('EINVAL');
    this.#writable();
    const { fs, req } = this.context;
    if (fs.fallocate === undefined) throw fail('EOPNOTSUPP');
    await fs.fallocate(req, this.node, this.fh, mode, offset, length);
  }

  /** Without an implementation the whole file is data, as the kernel has it then. */
  async seek(offset: number, whence: number): Promise<number> {
    this.#live();
    const { fs, req } = this.context;
    const reply = fs.lseek?.(req, this.node, this.fh, offset, whence);
    if (reply !== undefined) return reply;
    const { size } = await this.stat();
    if (offset < 0 || offset >= size) throw fail('ENXIO');
    return whence === 3 ? offset : size;
  }

  async copyTo(target: OpenFile, from: number, to: number, length: number): Promise<number> {
    if (!(target instanceof DirectFile)) throw fail('EXDEV');
    this.#readable();
    target.#writable();
    if ((target.flags & O.O_APPEND) !== 0) throw fail('EBADF');
    if (((await this.stat()).mode & S.IFMT) !== S.IFREG) throw fail('EINVAL');
    if (target.node === this.node && Math.abs(from - to) < length) throw fail('EINVAL');
    const { fs, req } = this.context;
    const source = { node: this.node, fh: this.fh, offset: from };
    const goal = { node: target.node, fh: target.fh, offset: to };
    const reply = fs.copyFileRange?.(req, source, goal, length, 0);
    if (reply !== undefined) return reply;
    return target.write(await this.read(length, from), to);
  }

  async linkTo(path: Path): Promise<void> {
    this.#live();
    await this.context.link(path);
  }

  async close(): Promise<void> {
    this.#live();
    this.#open = false;
    const { fs, req, done } = this.context;
    try {
      if (this.directory) await fs.releasedir?.(req, this.node, this.fh);
      else {
        await fs.flush?.(req, this.node, this.fh, 0n);
        await fs.release?.(req, this.node, this.fh, this.flags);
      }
    } finally {
      done();
    }
  }
}
