import {
  close,
  copyFileRange,
  fallocate,
  fchmod,
  fchown,
  fdatasync,
  fstat,
  fsync,
  ftruncate,
  futimens,
  getFileFlags,
  getFsxattr,
  KEEP_ID,
  lseek,
  pread,
  pwrite,
  setFileFlags,
  setFsxattr,
  Stat,
} from '@scorpiofs/posix';
import type { FileAttributeForm, FileAttributes } from '../file-attributes.js';
import type { Attr } from '../filesystem.js';
import { fail } from '../errno.js';
import { toBytes, type OpenFile, type Path, type Times } from './client.js';
import { attrOf, checked, structured } from './answers.js';

/** What an open file needs of the client that opened it. */
interface Opener {
  /** Runs synchronous calls as who the client is for. */
  call<T>(work: () => T): T;
  linkFd(fd: number, path: Path): void;
}

export class MountedFile implements OpenFile {
  readonly #stat = new Stat();

  constructor(
    readonly fd: number,
    readonly client: Opener,
  ) {}

  #do(work: () => number): number {
    return this.client.call(() => checked(work()));
  }

  async read(length: number, offset: number): Promise<Buffer> {
    const into = Buffer.alloc(length);
    return into.subarray(
      0,
      this.#do(() => pread(this.fd, into, offset)),
    );
  }

  async write(data: Uint8Array | string, offset: number): Promise<number> {
    return this.#do(() => pwrite(this.fd, toBytes(data), offset));
  }

  async stat(): Promise<Attr> {
    this.#do(() => fstat(this.fd, this.#stat));
    return attrOf(this.#stat);
  }

  async truncate(size: number): Promise<void> {
    this.#do(() => ftruncate(this.fd, size));
  }

  async chmod(mode: number): Promise<void> {
    this.#do(() => fchmod(this.fd, mode));
  }

  async chown(uid: number, gid: number): Promise<void> {
    this.#do(() => fchown(this.fd, uid < 0 ? KEEP_ID : uid, gid < 0 ? KEEP_ID : gid));
  }

  async utimens({ atimeNs, mtimeNs }: Times): Promise<void> {
    this.#do(() => futimens(this.fd, atimeNs, mtimeNs));
  }

  async getFileAttributes(form: FileAttributeForm): Promise<FileAttributes> {
    if (form === 'flags') return { form, bits: this.#do(() => getFileFlags(this.fd)) };
    const { xflags, ...more } = this.client.call(() => structured(getFsxattr(this.fd)));
    return { form, bits: xflags, more };
  }

  async setFileAttributes({ form, bits, more }: FileAttributes): Promise<void> {
    if (form === 'flags') this.#do(() => setFileFlags(this.fd, bits));
    else {
      const { extsize = 0, nextents = 0, projid = 0, cowextsize = 0 } = more ?? {};
      const set = { xflags: bits, extsize, nextents, projid, cowextsize };
      this.#do(() => setFsxattr(this.fd, set));
    }
  }

  async sync(datasync = false): Promise<void> {
    this.#do(() => (datasync ? fdatasync : fsync)(this.fd));
  }

  async allocate(mode: number, offset: number, length: number): Promise<void> {
    this.#do(() => fallocate(this.fd, mode, offset, length));
  }

  async seek(offset: number, whence: number): Promise<number> {
    return this.#do(() => lseek(this.fd, offset, whence));
  }

  async copyTo(target: OpenFile, from: number, to: number, length: number): Promise<number> {
    if (!(target instanceof MountedFile)) throw fail('EXDEV');
    const source = { fd: this.fd, offset: from };
    return this.#do(() => copyFileRange(source, { fd: target.fd, offset: to }, length));
  }

  async linkTo(path: Path): Promise<void> {
    this.client.linkFd(this.fd, path);
  }

  async close(): Promise<void> {
    checked(close(this.fd));
  }
}
