import {
  AT_FDCWD,
  AT_REMOVEDIR,
  AT_SYMLINK_FOLLOW,
  AT_SYMLINK_NOFOLLOW,
  close,
  faccessat,
  fchmodat,
  fchownat,
  getdents,
  KEEP_ID,
  lgetxattr,
  linkat,
  llistxattr,
  lremovexattr,
  lsetxattr,
  eachDirent,
  lseek,
  mkdirat,
  mknodat,
  O,
  openat,
  readlinkat,
  renameat2,
  SEEK,
  setfsgid,
  setfsuid,
  Stat,
  statfs,
  statx,
  symlinkat,
  umask,
  unlinkat,
  utimensat,
  ftruncate,
} from '@scorpiofs/posix';
import type { Attr, StatfsReply } from '../filesystem.js';
import type { Name } from '../name.js';
import type { Identity } from '../permissions.js';
import {
  Client,
  pathBytes,
  toBytes,
  type Listed,
  type OpenDirectory,
  type OpenFile,
  type Path,
  type Times,
} from './client.js';
import { attrOf, checked, structured } from './answers.js';
import { MountedFile } from './mounted-file.js';
import { dropGroups } from './own-groups.js';

const owner = (id: number) => (id < 0 ? KEEP_ID : id);

/**
 * The system calls, on a real directory: usually a mount, which must be served by another process. Every call blocks this
 * process until it is answered.
 */
export class MountedClient extends Client {
  readonly #stat = new Stat();

  constructor(
    /** Directory that stands for the root. */
    readonly root: string,
    readonly who?: Identity,
  ) {
    super();
  }

  as(who: Identity): MountedClient {
    dropGroups();
    return new MountedClient(this.root, who);
  }

  within(dir: string): MountedClient {
    return new MountedClient(`${this.root}/${dir}`, this.who);
  }

  /** Where a program of this machine finds it. */
  host(path: Path): string {
    return `${Buffer.from(this.root).toString('latin1')}/${pathBytes(path)}`;
  }

  /** Runs synchronous calls as who this client is for, without a umask. */
  call<T>(work: () => T): T {
    const mask = umask(0);
    const { who } = this;
    if (who !== undefined) {
      setfsgid(who.gid);
      setfsuid(who.uid);
    }
    try {
      return work();
    } finally {
      if (who !== undefined) {
        setfsuid(0);
        setfsgid(0);
      }
      umask(mask);
    }
  }

  async open(path: Path, flags: number, mode = 0o666): Promise<OpenFile> {
    const fd = this.call(() => checked(openat(AT_FDCWD, this.host(path), flags, mode)));
    return new MountedFile(fd, this);
  }

  async opendir(path: Path): Promise<OpenDirectory> {
    const flags = O.O_RDONLY | O.O_DIRECTORY;
    return new MountedDirectory(this.call(() => checked(openat(AT_FDCWD, this.host(path), flags))));
  }

  async stat(path: Path): Promise<Attr> {
    return this.#attr(path, 0);
  }

  async lstat(path: Path): Promise<Attr> {
    return this.#attr(path, AT_SYMLINK_NOFOLLOW);
  }

  #attr(path: Path, flags: number): Attr {
    this.#do(() => statx(AT_FDCWD, this.host(path), flags, this.#stat));
    return attrOf(this.#stat);
  }

  #do(work: () => number): void {
    this.call(() => checked(work()));
  }

  async mkdir(path: Path, mode = 0o777): Promise<void> {
    this.#do(() => mkdirat(AT_FDCWD, this.host(path), mode));
  }

  async rmdir(path: Path): Promise<void> {
    this.#do(() => unlinkat(AT_FDCWD, this.host(path), AT_REMOVEDIR));
  }

  async unlink(path: Path): Promise<void> {
    this.#do(() => unlinkat(AT_FDCWD, this.host(path)));
  }

  async mknod(path: Path, mode: number, rdev = 0): Promise<void> {
    this.#do(() => mknodat(AT_FDCWD, this.host(path), mode, rdev));
  }

  async symlink(target: Path, path: Path): Promise<void> {
    this.#do(() => symlinkat(pathBytes(target), AT_FDCWD, this.host(path)));
  }

  async readlink(path: Path): Promise<Buffer> {
    return this.call(() => structured(readlinkat(AT_FDCWD, this.host(path))));
  }

  async link(from: Path, to: Path): Promise<void> {
    this.#do(() => linkat(AT_FDCWD, this.host(from), AT_FDCWD, this.host(to)));
  }

  /** What linkat(2) wants for an open file. */
  linkFd(fd: number, path: Path): void {
    const proc = `/proc/self/fd/${fd}`;
    this.#do(() => linkat(AT_FDCWD, proc, AT_FDCWD, this.host(path), AT_SYMLINK_FOLLOW));
  }

  async rename(from: Path, to: Path, flags = 0): Promise<void> {
    this.#do(() => renameat2(AT_FDCWD, this.host(from), AT_FDCWD, this.host(to), flags));
  }

  async truncate(path: Path, size: number): Promise<void> {
    this.call(() => {
      const fd = checked(openat(AT_FDCWD, this.host(path), O.O_WRONLY));
      try {
        checked(ftruncate(fd, size));
      } finally {
        close(fd);
      }
    });
  }

  async chmod(path: Path, mode: number): Promise<void> {
    this.#do(() => fchmodat(AT_FDCWD, this.host(path), mode));
  }

  async chown(path: Path, uid: number, gid: number): Promise<void> {
    this.#do(() => fchownat(AT_FDCWD, this.host(path), owner(uid), owner(gid)));
  }

  async lchown(path: Path, uid: number, gid: number): Promise<void> {
    const flags = AT_SYMLINK_NOFOLLOW;
    this.#do(() => fchownat(AT_FDCWD, this.host(path), owner(uid), owner(gid), flags));
  }

  async utimens(path: Path, { atimeNs, mtimeNs }: Times): Promise<void> {
    this.#do(() => utimensat(AT_FDCWD, this.host(path), atimeNs, mtimeNs));
  }

  async lutimens(path: Path, { atimeNs, mtimeNs }: Times): Promise<void> {
    this.#do(() => utimensat(AT_FDCWD, this.host(path), atimeNs, mtimeNs, AT_SYMLINK_NOFOLLOW));
  }

  async access(path: Path, mask: number): Promise<void> {
    // The real ids are those of the process: ask for the effective ones, which setfsuid stands for here.
    this.#do(() => faccessat(AT_FDCWD, this.host(path), mask, 0x200));
  }

  async statfs(path: Path): Promise<StatfsReply> {
    return this.call(() => structured(statfs(this.host(path))));
  }

  async getxattr(path: Path, name: string): Promise<Buffer> {
    return this.call(() => structured(lgetxattr(this.host(path), pathBytes(name))));
  }

  async setxattr(path: Path, name: string, value: Uint8Array | string, flags = 0): Promise<void> {
    this.#do(() => lsetxattr(this.host(path), pathBytes(name), toBytes(value), flags));
  }

  async listxattr(path: Path): Promise<string[]> {
    const names = this.call(() => structured(llistxattr(this.host(path))));
    return names.map((name) => Buffer.from(name, 'latin1').toString('utf8'));
  }

  async removexattr(path: Path, name: string): Promise<void> {
    this.#do(() => lremovexattr(this.host(path), pathBytes(name)));
  }
}

/** Rough size of one record, to turn a number of entries into a buffer. */
const RECORD = 40;

class MountedDirectory implements OpenDirectory {
  constructor(readonly fd: number) {}

  async read(room: number): Promise<readonly Listed[]> {
    const buffer = Buffer.alloc(Math.max(280, room * RECORD));
    const length = checked(getdents(this.fd, buffer));
    const listed: Listed[] = [];
    eachDirent(buffer, length, (name, ino, type, cookie) => {
      listed.push({ name: name as Name, ino, type: type << 12, cookie });
    });
    return listed;
  }

  async seek(cookie: bigint): Promise<void> {
    checked(lseek(this.fd, cookie, SEEK.SET));
  }

  async close(): Promise<void> {
    checked(close(this.fd));
  }
}
