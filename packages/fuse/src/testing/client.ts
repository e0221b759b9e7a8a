import { O } from '@scorpiofs/posix';
import type { FileAttributeForm, FileAttributes } from '../file-attributes.js';
import type { Attr, StatfsReply } from '../filesystem.js';
import { FsError } from '../fs-error.js';
import { nameFromBytes, nameFromUtf8, type Name } from '../name.js';
import type { Identity } from '../permissions.js';

/** Text is UTF-8; bytes are for names that are not. Always from the file system's root, with or without a leading "/". */
export type Path = string | Uint8Array;

/** One name of a listing. */
export interface Listed {
  readonly name: Name;
  readonly ino: bigint;
  /** File type bits (S_IFMT). */
  readonly type: number;
  /** Position after this entry, for `OpenDirectory.seek`. */
  readonly cookie: bigint;
}

export interface Times {
  readonly atimeNs?: bigint | 'now';
  readonly mtimeNs?: bigint | 'now';
}

/** An open file. Fails with `FsError` like everything here. */
export interface OpenFile {
  /** Fewer bytes than asked only at the end of the file. */
  read(length: number, offset: number): Promise<Buffer>;
  /** Bytes written; with O_APPEND the offset counts for nothing. */
  write(data: Uint8Array | string, offset: number): Promise<number>;
  stat(): Promise<Attr>;
  truncate(size: number): Promise<void>;
  chmod(mode: number): Promise<void>;
  chown(uid: number, gid: number): Promise<void>;
  utimens(times: Times): Promise<void>;
  /** What lsattr(1) shows and chattr(1) changes. */
  getFileAttributes(form: FileAttributeForm): Promise<FileAttributes>;
  setFileAttributes(set: FileAttributes): Promise<void>;
  sync(datasync?: boolean): Promise<void>;
  /** fallocate(2). */
  allocate(mode: number, offset: number, length: number): Promise<void>;
  /** `whence` SEEK_DATA or SEEK_HOLE. */
  seek(offset: number, whence: number): Promise<number>;
  /** copy_file_range(2): bytes copied, perhaps fewer than asked. */
  copyTo(target: OpenFile, from: number, to: number, length: number): Promise<number>;
  /** Gives the file, which may have no name, a name. */
  linkTo(path: Path): Promise<void>;
  close(): Promise<void>;
}

/** A listing in progress. */
export interface OpenDirectory {
  /** The next entries, "." and ".." among them; none at the end. `room` limits how many come at once (roughly). */
  read(room: number): Promise<readonly Listed[]>;
  seek(cookie: bigint): Promise<void>;
  close(): Promise<void>;
}

/**
 * POSIX by path over some file system, mounted or not: what the behavioural suite speaks. Modes are taken as they are: no
 * umask. Every failure is an `FsError` with the errno a program would see.
 */
export abstract class Client {
  /** The same file system for somebody else, with the permissions that the kernel would check. */
  abstract as(who: Identity): Client;
  /** The same, with paths that start in a directory. */
  abstract within(dir: string): Client;

  abstract open(path: Path, flags: number, mode?: number): Promise<OpenFile>;
  abstract opendir(path: Path): Promise<OpenDirectory>;
  abstract stat(path: Path): Promise<Attr>;
  abstract lstat(path: Path): Promise<Attr>;
  abstract mkdir(path: Path, mode?: number): Promise<void>;
  abstract rmdir(path: Path): Promise<void>;
  abstract unlink(path: Path): Promise<void>;
  abstract mknod(path: Path, mode: number, rdev?: number): Promise<void>;
  abstract symlink(target: Path, path: Path): Promise<void>;
  abstract readlink(path: Path): Promise<Buffer>;
  abstract link(from: Path, to: Path): Promise<void>;
  /** `flags` of renameat2(2). */
  abstract rename(from: Path, to: Path, flags?: number): Promise<void>;
  abstract truncate(path: Path, size: number): Promise<void>;
  abstract chmod(path: Path, mode: number): Promise<void>;
  /** An owner of -1 stays. */
  abstract chown(path: Path, uid: number, gid: number): Promise<void>;
  abstract lchown(path: Path, uid: number, gid: number): Promise<void>;
  abstract utimens(path: Path, times: Times): Promise<void>;
  abstract lutimens(path: Path, times: Times): Promise<void>;
  abstract access(path: Path, mask: number): Promise<void>;
  abstract statfs(path: Path): Promise<StatfsReply>;
  /** The xattr calls do not follow a symlink at the end. */
  abstract getxattr(path: Path, name: string): Promise<Buffer>;
  abstract setxattr(
    path: Path,
    name: string,
    value: Uint8Array | string,
    flags?: number,
  ): Promise<void>;
  abstract listxattr(path: Path): Promise<string[]>;
  abstract removexattr(path: Path, name: string): Promise<void>;

  /** Makes or replaces a file's contents. */
  async writeFile(path: Path, data: Uint8Array | string, mode = 0o644): Promise<void> {
    await this.#put(path, O.O_WRONLY | O.O_CREAT | O.O_TRUNC, data, mode);
  }

  async appendFile(path: Path, data: Uint8Array | string): Promise<void> {
    await this.#put(path, O.O_WRONLY | O.O_APPEND, data, 0);
  }

  async #put(path: Path, flags: number, data: Uint8Array | string, mode: number): Promise<void> {
    const bytes = typeof data === 'string' ? Buffer.from(data) : data;
    const file = await this.open(path, flags, mode);
    try {
      let done = 0;
      while (done < bytes.length) done += await file.write(bytes.subarray(done), done);
    } finally {
      await file.close();
    }
  }

  async readFile(path: Path): Promise<Buffer> {
    const file = await this.open(path, O.O_RDONLY);
    try {
      const parts: Buffer[] = [];
      for (let at = 0; ; at += parts.at(-1)?.length ?? 0) {
        const part = await file.read(1 << 20, at);
        if (part.length === 0) return Buffer.concat(parts);
        parts.push(part);
      }
    } finally {
      await file.close();
    }
  }

  /** Contents as UTF-8 text. */
  async text(path: Path): Promise<string> {
    return (await this.readFile(path)).toString('utf8');
  }

  /** A whole directory, without "." and "..". */
  async list(path: Path): Promise<Listed[]> {
    const dir = await this.opendir(path);
    try {
      const all: Listed[] = [];
      for (;;) {
        const some = await dir.read(1000);
        if (some.length === 0) return all;
        all.push(...some.filter(({ name }) => name !== '.' && name !== '..'));
      }
    } finally {
      await dir.close();
    }
  }

  /** Names in UTF-8, sorted. */
  async names(path: Path): Promise<string[]> {
    const all = await this.list(path);
    return all.map(({ name }) => Buffer.from(name, 'latin1').toString('utf8')).sort();
  }

  async exists(path: Path): Promise<boolean> {
    try {
      await this.lstat(path);
      return true;
    } catch (error) {
      if (error instanceof FsError && error.errno === 2) return false;
      throw error;
    }
  }
}

/** One character per byte. */
export function pathBytes(path: Path): string {
  return typeof path === 'string' ? nameFromUtf8(path) : nameFromBytes(path);
}

export function toBytes(data: Uint8Array | string): Buffer {
  return typeof data === 'string'
    ? Buffer.from(data)
    : Buffer.from(data.buffer, data.byteOffset, data.byteLength);
}
