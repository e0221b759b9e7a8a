import { S } from '@scorpiofs/posix';
import type { Attr, NodeId } from '../filesystem.js';
import type { Name } from '../name.js';
import type { Directory } from './directory.js';
import type { FileData } from './file-data.js';
import { PAGE } from './space.js';

/** What each kind of node has besides its attributes. */
export type Content =
  | { readonly kind: 'file'; readonly data: FileData }
  | { readonly kind: 'directory'; readonly names: Directory; parent: Inode | undefined }
  | { readonly kind: 'symlink'; readonly target: Uint8Array }
  | { readonly kind: 'special' };

/** A node. It lives while it has a link, a lookup reference or an open handle. */
export class Inode {
  readonly xattrs = new Map<Name, Buffer>();
  nlink: number;
  atimeNs: bigint;
  mtimeNs: bigint;
  ctimeNs: bigint;
  /** References the kernel holds. */
  lookups = 0;
  /** Open handles. */
  opens = 0;
  /** FS_..._FL bits (`lsattr`). */
  flags = 0;
  /** Made by O_TMPFILE without O_EXCL: may get its first name, though it has no link. */
  linkable = false;

  constructor(
    readonly id: NodeId,
    readonly content: Content,
    /** With type bits. */
    public mode: number,
    public uid: number,
    public gid: number,
    readonly rdev: number,
    now: bigint,
  ) {
    this.nlink = content.kind === 'directory' ? 2 : 1;
    this.atimeNs = now;
    this.mtimeNs = now;
    this.ctimeNs = now;
  }

  get type(): number {
    return this.mode & S.IFMT;
  }

  get size(): number {
    switch (this.content.kind) {
      case 'file':
        return this.content.data.size;
      case 'directory':
        return PAGE;
      case 'symlink':
        return this.content.target.length;
      case 'special':
        return 0;
    }
  }

  get blocks(): number {
    if (this.content.kind === 'file') return this.content.data.blocks;
    if (this.content.kind === 'directory') return PAGE / 512;
    // Shorter symlinks lie in the inode itself.
    return this.size >= 60 ? PAGE / 512 : 0;
  }

  attr(): Attr {
    return {
      ino: BigInt(this.id),
      mode: this.mode,
      nlink: this.nlink,
      uid: this.uid,
      gid: this.gid,
      rdev: this.rdev,
      size: this.size,
      blocks: this.blocks,
      blksize: PAGE,
      atimeNs: this.atimeNs,
      mtimeNs: this.mtimeNs,
      ctimeNs: this.ctimeNs,
    };
  }

  /** Contents changed. */
  modified(now: bigint): void {
    this.mtimeNs = now;
    this.ctimeNs = now;
  }
}

export type DirectoryInode = Inode & {
  readonly content: Extract<Content, { kind: 'directory' }>;
};
export type FileInode = Inode & { readonly content: Extract<Content, { kind: 'file' }> };

export function isDirectory(inode: Inode): inode is DirectoryInode {
  return inode.content.kind === 'directory';
}

export function isFile(inode: Inode): inode is FileInode {
  return inode.content.kind === 'file';
}
