import { O, S } from '@scorpiofs/posix';
import { fail } from '../errno.js';
import type { Attr, FileSystem, Handle, NodeId, Request, SetAttr } from '../filesystem.js';
import { FsError } from '../fs-error.js';
import { nameFromUtf8, nameToBytes, nameToUtf8, type Name } from '../name.js';
import { nameOf, type Dentry, type Tree } from './tree.js';
import type { Log } from '../session/session.js';

/** The attributes in the package's words; times in milliseconds, numbers of 32 bits unless said otherwise. */
interface NativeStat {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** 53 bits. */
  readonly size: number;
  readonly nlink: number;
  readonly ino: number;
  readonly rdev: number;
  readonly blksize: number;
  readonly blocks: number;
  readonly atime: number;
  readonly mtime: number;
  readonly ctime: number;
}

function toStat(attr: Attr): NativeStat {
  return {
    mode: attr.mode,
    uid: attr.uid,
    gid: attr.gid,
    size: attr.size,
    nlink: attr.nlink,
    ino: Number(BigInt.asUintN(32, attr.ino)),
    rdev: attr.rdev,
    blksize: attr.blksize,
    blocks: attr.blocks,
    atime: milliseconds(attr.atimeNs),
    mtime: milliseconds(attr.mtimeNs),
    ctime: milliseconds(attr.ctimeNs),
  };
}

/** The binding has no time before 1970. */
function milliseconds(ns: bigint): number {
  return ns < 0n ? 0 : Number(ns / 1_000_000n);
}

/** A file that a program has open. */
interface Opened {
  readonly dentry: Dentry;
  readonly fh: Handle;
  readonly flags: number;
}

type Done = (result: number, value?: unknown, more?: unknown) => void;

export interface NativeOptions {
  readonly log?: Log | undefined;
}

const KEEP_ID = 0xffff_ffff;

/** The operations of libfuse 2, which come by path, on an inode-based file system. */
export class NativeOperations {
  readonly #opened = new Map<number, Opened>();
  #nextHandle = 1;
  /** Operations that the file system has not answered. */
  inFlight = 0;
  readonly counts: Record<string, number> = {};
  /** Programs still inside a detached mount get ENOTCONN from now on. */
  ended = false;
  /** The package does not say who asks: everything is done as this process. */
  readonly #req: Request = {
    uid: process.geteuid?.() ?? 0,
    gid: process.getegid?.() ?? 0,
    pid: process.pid,
    interrupted: false,
    signal: new AbortController().signal,
  };

  constructor(
    readonly fs: FileSystem,
    readonly tree: Tree,
    readonly options: NativeOptions,
  ) {}

  /** What the package's constructor takes. Only what the file system has, for libfuse knows defaults of its own. */
  table(): object {
    const { fs } = this;
    return {
      getattr: (path: string, done: Done) => this.#run('GETATTR', done, () => this.#getattr(path)),
      readdir: (path: string, done: Done) => this.#readdir(path, done),
      readlink: (path: string, done: Done) =>
        this.#run('READLINK', done, () => this.#readlink(path)),
      truncate: (path: string, size: number, done: Done) => this.#change(path, { size }, done),
      ftruncate: (_path: string, fh: number, size: number, done: Done) =>
        this.#run('SETATTR', done, async () => {
          const opened = this.#get(fh);
          await this.#setattr(opened.dentry.node, { size }, opened.fh);
        }),
      chmod: (path: string, mode: number, done: Done) =>
        this.#change(path, { mode: mode & 0o7777 }, done),
      chown: (path: string, uid: number, gid: number, done: Done) =>
        this.#change(
          path,
          { ...(uid === KEEP_ID ? {} : { uid }), ...(gid === KEEP_ID ? {} : { gid }) },
          done,
        ),
      // Must be there for libfuse to send it; answered by the transport, which knows both times.
      utimens: () => undefined,
      ...(fs.mknod && { mknod: this.#mknod }),
      ...(fs.mkdir && { mkdir: this.#mkdir }),
      ...(fs.symlink && { symlink: this.#symlink }),
      ...(fs.link && { link: this.#link }),
      ...(fs.unlink && { unlink: this.#unlink }),
      ...(fs.rmdir && { rmdir: this.#rmdir }),
      ...(fs.rename && { rename: this.#rename }),
      open: this.#open,
      ...(fs.create !== undefined || fs.mknod !== undefined ? { create: this.#create } : {}),
      ...(fs.read && { read: this.#read }),
      ...(fs.write && { write: this.#write }),
      ...(fs.flush && { flush: this.#flush }),
      release: this.#release,
      ...(fs.fsync && { fsync: this.#fsync }),
      ...(fs.fsyncdir && { fsyncdir: this.#fsyncdir }),
      ...(fs.statfs && { statfs: this.#statfs }),
      ...(fs.setxattr && { setxattr: this.#setxattr }),
      ...(fs.getxattr && { getxattr: () => undefined }),
      ...(fs.listxattr && { listxattr: () => undefined }),
      ...(fs.removexattr && { removexattr: this.#removexattr }),
    };
  }

  /** Answers exactly once, whatever happens. */
  #run(name: string, done: Done, work: () => Promise<unknown>): void {
    if (this.ended) {
      done(-107);
      return;
    }
    this.counts[name] = (this.counts[name] ?? 0) + 1;
    this.inFlight += 1;
    const finish = (result: number, value?: unknown) => {
      this.inFlight -= 1;
      done(result, value);
    };
    work().then(
      (value) => finish(0, value),
      (error: unknown) => finish(-this.errnoOf(error, name)),
    );
  }

  errnoOf(error: unknown, operation: string): number {
    if (error instanceof FsError) {
      if (error.cause !== undefined && error.errno !== 4)
        this.options.log?.('fuse.failed', {
          op: operation,
          errno: error.errno,
          reason: error.message,
        });
      return error.errno;
    }
    this.options.log?.('fuse.unexpected', { op: operation, error });
    return 5;
  }

  async at<T>(path: string, work: (dentry: Dentry) => Promise<T>): Promise<T> {
    const dentry = await this.tree.hold(this.#req, path);
    try {
      return await work(dentry);
    } finally {
      this.tree.release(dentry);
    }
  }

  /** With the directory of a path, and the last name. */
  async #atParent<T>(path: string, work: (dir: Dentry, name: Name) => Promise<T>): Promise<T> {
    const slash = path.lastIndexOf('/');
    const name = nameOf(path.slice(slash + 1));
    return this.at(path.slice(0, slash), (dir) => work(dir, name));
  }

  async #getattr(path: string): Promise<NativeStat> {
    return this.at(path, async ({ node }) => {
      if (this.fs.getattr === undefined) throw fail('ENOSYS');
      return toStat((await this.fs.getattr(this.#req, node, undefined)).attr);
    });
  }

  async #setattr(node: NodeId, set: SetAttr, fh?: Handle): Promise<void> {
    if (this.fs.setattr === undefined) throw fail('ENOSYS');
    await this.fs.setattr(this.#req, node, set, fh);
  }

  #change(path: string, set: SetAttr, done: Done): void {
    this.#run('SETATTR', done, () => this.at(path, ({ node }) => this.#setattr(node, set)));
  }

  setTimes(path: string, set: SetAttr, done: Done): void {
    this.#change(path, set, done);
  }

  async #readlink(path: string): Promise<string> {
    return this.at(path, async ({ node }) => {
      if (this.fs.readlink === undefined) throw fail('ENOSYS');
      return exactText(Buffer.from(await this.fs.readlink(this.#req, node)));
    });
  }

  #readdir(path: string, done: Done): void {
    const names: string[] = [];
    const stats: Partial<NativeStat>[] = [];
    const finish: Done = (result) => (result === 0 ? done(0, names, stats) : done(result, [], []));
    this.#run('READDIR', finish, () =>
      this.at(path, async ({ node }) => {
        const { fs } = this;
        if (fs.readdir === undefined) throw fail('ENOSYS');
        const fh = (await fs.opendir?.(this.#req, node, 0))?.fh ?? (0 as Handle);
        try {
          // The whole directory in one answer: the package has no offsets.
          for (let offset = 0, before = -1; before !== names.length;) {
            before = names.length;
            await fs.readdir(this.#req, node, fh, offset, {
              plus: false,
              add: (name, ino, type, next) => {
                if (names.length - before >= 1000) return false;
                names.push(nameToUtf8(name));
                stats.push({ mode: type & S.IFMT, ino: Number(BigInt.asUintN(32, ino)) });
                offset = next;
                return true;
              },
              addEntry: () => {
                throw new TypeError('addEntry is for READDIRPLUS only');
              },
            });
          }
        } finally {
          await fs.releasedir?.(this.#req, node, fh);
        }
      }),
    );
  }

  #mknod = (path: string, mode: number, rdev: number, done: Done): void =>
    this.#run('MKNOD', done, () =>
      this.#atParent(path, async (dir, name) => {
        const made = await this.fs.mknod?.(this.#req, dir.node, name, mode, rdev, 0);
        if (made !== undefined) this.tree.add(dir, name, made);
      }),
    );

  #mkdir = (path: string, mode: number, done: Done): void =>
    this.#run('MKDIR', done, () =>
      this.#atParent(path, async (dir, name) => {
        const made = await this.fs.mkdir?.(this.#req, dir.node, name, mode & 0o7777, 0);
        if (made !== undefined) this.tree.add(dir, name, made);
      }),
    );

  #symlink = (target: string, path: string, done: Done): void =>
    this.#run('SYMLINK', done, () =>
      this.#atParent(path, async (dir, name) => {
        if (target.includes('\ufffd')) throw fail('EILSEQ');
        const bytes = nameToBytes(nameFromUtf8(target));
        const made = await this.fs.symlink?.(this.#req, dir.node, name, bytes);
        if (made !== undefined) this.tree.add(dir, name, made);
      }),
    );

  #link = (from: string, to: string, done: Done): void =>
    this.#run('LINK', done, () =>
      this.at(from, ({ node }) =>
        this.#atParent(to, async (dir, name) => {
          const made = await this.fs.link?.(this.#req, node, dir.node, name);
          if (made !== undefined) this.tree.add(dir, name, made);
        }),
      ),
    );

  #unlink = (path: string, done: Done): void =>
    this.#run('UNLINK', done, () =>
      this.#atParent(path, async (dir, name) => {
        await this.fs.unlink?.(this.#req, dir.node, name);
        this.tree.drop(dir, name);
      }),
    );

  #rmdir = (path: string, done: Done): void =>
    this.#run('RMDIR', done, () =>
      this.#atParent(path, async (dir, name) => {
        await this.fs.rmdir?.(this.#req, dir.node, name);
        this.tree.drop(dir, name);
      }),
    );

  #rename = (from: string, to: string, done: Done): void =>
    this.#run('RENAME', done, () =>
      this.#atParent(from, (dir, name) =>
        this.#atParent(to, async (newDir, newName) => {
          await this.fs.rename?.(this.#req, dir.node, name, newDir.node, newName, 0);
          this.tree.drop(dir, name);
          this.tree.drop(newDir, newName);
        }),
      ),
    );

  #open = (path: string, flags: number, done: Done): void =>
    this.#run('OPEN', done, async () => {
      const dentry = await this.tree.hold(this.#req, path);
      try {
        const reply = await this.fs.open?.(this.#req, dentry.node, flags);
        return this.#keep({ dentry, fh: reply?.fh ?? (0 as Handle), flags });
      } catch (error) {
        this.tree.release(dentry);
        // "Never ask again" in the kernel's protocol: the file is used by its node.
        if (error instanceof FsError && error.errno === 38) {
          return this.#keep({
            dentry: await this.tree.hold(this.#req, path),
            fh: 0 as Handle,
            flags,
          });
        }
        throw error;
      }
    });

  /** The package says neither flags nor O_EXCL: the kernel has looked before. */
  #create = (path: string, mode: number, done: Done): void =>
    this.#run('CREATE', done, () =>
      this.#atParent(path, async (dir, name) => {
        const { fs } = this;
        const flags = O.O_RDWR | O.O_CREAT;
        const full = S.IFREG | (mode & 0o7777);
        const made = await fs.create?.(this.#req, dir.node, name, full, flags, 0);
        const entry = made?.entry ?? (await fs.mknod?.(this.#req, dir.node, name, full, 0, 0));
        if (entry === undefined) throw fail('ENOSYS');
        const dentry = this.tree.add(dir, name, entry);
        dentry.users += 1;
        const open = made?.open ?? (await fs.open?.(this.#req, dentry.node, O.O_RDWR));
        return this.#keep({ dentry, fh: open?.fh ?? (0 as Handle), flags: O.O_RDWR });
      }),
    );

  #keep(opened: Opened): number {
    const number = this.#nextHandle;
    // The binding keeps 31 bits, and 0 is "none".
    this.#nextHandle = number === 0x7fff_ffff ? 1 : number + 1;
    this.#opened.set(number, opened);
    return number;
  }

  #get(fh: number): Opened {
    const opened = this.#opened.get(fh);
    if (opened === undefined) throw fail('EBADF');
    return opened;
  }

  #read = (
    _path: string,
    number: number,
    into: Buffer,
    length: number,
    offset: number,
    done: Done,
  ): void =>
    this.#transfer('READ', done, async () => {
      const { dentry, fh, flags } = this.#get(number);
      const room = into.subarray(0, length);
      return (await this.fs.read?.(this.#req, dentry.node, fh, offset, room, flags)) ?? 0;
    });

  #write = (
    _path: string,
    number: number,
    data: Buffer,
    length: number,
    offset: number,
    done: Done,
  ): void =>
    this.#transfer('WRITE', done, async () => {
      const { dentry, fh, flags } = this.#get(number);
      const how = { flags, cached: false, killSuidgid: false };
      const bytes = data.subarray(0, length);
      return (await this.fs.write?.(this.#req, dentry.node, fh, offset, bytes, how)) ?? 0;
    });

  /** The package wants the count as the result itself. */
  #transfer(name: string, done: Done, work: () => Promise<number>): void {
    const finish: Done = (result, count) =>
      done(result < 0 ? result : typeof count === 'number' ? count : 0);
    this.#run(name, finish, work);
  }

  #flush = (_path: string, number: number, done: Done): void =>
    this.#run('FLUSH', done, async () => {
      const { dentry, fh } = this.#get(number);
      await this.fs.flush?.(this.#req, dentry.node, fh, 0n);
    });

  #release = (_path: string, number: number, done: Done): void =>
    this.#run('RELEASE', done, async () => {
      const { dentry, fh, flags } = this.#get(number);
      this.#opened.delete(number);
      try {
        await this.fs.release?.(this.#req, dentry.node, fh, flags);
      } finally {
        this.tree.release(dentry);
      }
    });

  /** The session ended with files open: nobody else closes them. */
  async releaseAll(): Promise<void> {
    for (const [number, { dentry, fh, flags }] of this.#opened) {
      this.#opened.delete(number);
      try {
        await this.fs.release?.(this.#req, dentry.node, fh, flags);
      } catch (error) {
        this.errnoOf(error, 'RELEASE');
      }
      this.tree.release(dentry);
    }
  }

  #fsync = (_path: string, datasync: number, number: number, done: Done): void =>
    this.#run('FSYNC', done, async () => {
      const { dentry, fh } = this.#get(number);
      await this.fs.fsync?.(this.#req, dentry.node, fh, datasync !== 0);
    });

  #fsyncdir = (path: string, datasync: number, _number: number, done: Done): void =>
    this.#run('FSYNCDIR', done, () =>
      this.at(path, async ({ node }) => {
        await this.fs.fsyncdir?.(this.#req, node, 0 as Handle, datasync !== 0);
      }),
    );

  #statfs = (path: string, done: Done): void =>
    this.#run('STATFS', done, () =>
      this.at(path, async ({ node }) => {
        const s = await this.fs.statfs?.(this.#req, node);
        if (s === undefined) throw fail('ENOSYS');
        const word = (n: bigint) => Number(n > 0xffff_ffffn ? 0xffff_ffffn : n);
        return {
          bsize: s.bsize,
          frsize: s.frsize,
          blocks: word(s.blocks),
          bfree: word(s.bfree),
          bavail: word(s.bavail),
          files: word(s.files),
          ffree: word(s.ffree),
          favail: word(s.ffree),
          namemax: s.namelen,
        };
      }),
    );

  #setxattr = (
    path: string,
    name: string,
    value: Buffer,
    _position: number,
    flags: number,
    done: Done,
  ): void =>
    this.#run('SETXATTR', done, () =>
      this.at(path, async ({ node }) => {
        await this.fs.setxattr?.(this.#req, node, nameFromUtf8(name), value, flags, false);
      }),
    );

  #removexattr = (path: string, name: string, done: Done): void =>
    this.#run('REMOVEXATTR', done, () =>
      this.at(path, async ({ node }) => {
        await this.fs.removexattr?.(this.#req, node, nameFromUtf8(name));
      }),
    );

  /**
   * The package's own handler forgets how much room the caller has, so that libfuse would send bytes behind its buffer.
   * `into` of no bytes asks for the size.
   */
  getxattr(path: string, name: string, into: Buffer, done: Done): void {
    this.#fill('GETXATTR', into, done, () =>
      this.at(path, async ({ node }) => {
        const value = await this.fs.getxattr?.(this.#req, node, nameFromUtf8(name));
        if (value === undefined) throw fail('ENODATA');
        return value;
      }),
    );
  }

  listxattr(path: string, into: Buffer, done: Done): void {
    this.#fill('LISTXATTR', into, done, () =>
      this.at(path, async ({ node }) => {
        const names = (await this.fs.listxattr?.(this.#req, node)) ?? [];
        return Buffer.from(names.map((name) => `${name}\0`).join(''), 'latin1');
      }),
    );
  }

  #fill(name: string, into: Buffer, done: Done, work: () => Promise<Uint8Array>): void {
    this.#transfer(name, done, async () => {
      const value = await work();
      if (into.length === 0) return value.length;
      if (value.length > into.length) throw fail('ERANGE');
      into.set(value);
      return value.length;
    });
  }
}

/** Text that is these very bytes; EILSEQ where there is none. */
function exactText(bytes: Buffer): string {
  const text = bytes.toString('utf8');
  if (!Buffer.from(text, 'utf8').equals(bytes)) throw fail('EILSEQ');
  return text;
}
