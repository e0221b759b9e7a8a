import type { FileAttributeForm, FileAttributes } from './file-attributes.js';
import type { Name } from './name.js';

declare const brand: unique symbol;

/** A node of one file system, chosen by it: 1 is the root, below 2^53, never 0. */
export type NodeId = number & { readonly [brand]: 'NodeId' };
/** An open file or directory, chosen by the file system: 0 to 2^53 - 1. */
export type Handle = number & { readonly [brand]: 'Handle' };

export const ROOT_NODE = 1 as NodeId;

/**
 * Answered in this turn of the event loop, or later. What memory or a cheap system call can answer must be answered
 * synchronously: that is where the speed comes from.
 */
export type Maybe<T> = T | Promise<T>;

/** Who asks, and whether they still want to know. */
export interface Request {
  readonly uid: number;
  readonly gid: number;
  readonly pid: number;
  /** True once the caller was interrupted (FUSE_INTERRUPT). */
  readonly interrupted: boolean;
  /** Made on first use. Aborted by FUSE_INTERRUPT and by unmount; the work should end with EINTR. */
  readonly signal: AbortSignal;
}

/** Attributes as `stat` shows them. Sizes in bytes, times in nanoseconds since 1970. */
export interface Attr {
  /** `st_ino`. Need not be the node id. */
  ino: bigint;
  /** Type and permission bits, as in `st_mode`. */
  mode: number;
  nlink: number;
  uid: number;
  gid: number;
  rdev: number;
  size: number;
  /** 512-byte units. */
  blocks: number;
  blksize: number;
  atimeNs: bigint;
  mtimeNs: bigint;
  ctimeNs: bigint;
}

/** Lifetimes are seconds; `Infinity` is for ever, 0 asks again each time. */
export interface AttrReply {
  readonly attr: Attr;
  readonly attrTtl: number;
}

/** Every Entry given to the kernel with a node other than 0 adds one to the node's lookup count (see `forget`). */
export interface Entry extends AttrReply {
  readonly node: NodeId;
  /** With `node` it identifies a file over the whole life of the file system. */
  readonly generation: number;
  readonly entryTtl: number;
}

/** "There is no such name", and for how long (seconds) the kernel may remember that. */
export interface NegativeEntry {
  readonly node: 0;
  readonly entryTtl: number;
}

/** What SETATTR changes; absent members stay. */
export interface SetAttr {
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly size?: number;
  readonly atimeNs?: bigint | 'now';
  readonly mtimeNs?: bigint | 'now';
  readonly ctimeNs?: bigint;
  /** Set-id bits are to be cleared with this change (HANDLE_KILLPRIV_V2). */
  readonly killSuidgid?: boolean;
}

export interface OpenReply {
  readonly fh: Handle;
  /** FOPEN_KEEP_CACHE: pages from before this open are still right. */
  readonly keepCache?: boolean;
  /** FOPEN_DIRECT_IO. */
  readonly directIo?: boolean;
  /** FOPEN_NOFLUSH. */
  readonly noFlush?: boolean;
  /** FOPEN_CACHE_DIR (opendir). */
  readonly cacheDir?: boolean;
  readonly nonSeekable?: boolean;
  readonly parallelDirectWrites?: boolean;
  /**
   * Host descriptor that may serve reads and writes in the kernel (passthrough). A hint: the session uses it where the
   * kernel allows, else falls back (and says so once in the log). The file system keeps owning the descriptor; it must stay open until `release`.
   * All simultaneous opens of a node must name the same file (fuse-transport §3).
   */
  readonly backingFd?: number;
  /** Called when `backingFd` is not used for this open: its reads and writes come as requests. */
  readonly onPlain?: () => void;
}

export interface StatfsReply {
  readonly blocks: bigint;
  readonly bfree: bigint;
  readonly bavail: bigint;
  readonly files: bigint;
  readonly ffree: bigint;
  readonly bsize: number;
  readonly frsize: number;
  readonly namelen: number;
}

export interface Lock {
  readonly start: bigint;
  readonly end: bigint;
  /** F_RDLCK 0, F_WRLCK 1, F_UNLCK 2. */
  readonly type: number;
  readonly pid: number;
}

/**
 * Receives directory entries, writing them straight into the reply. `offset` of an entry is the cookie at which the listing
 * goes on *after* it. Methods return false when the entry did not fit: stop, and answer the rest to the next request.
 * "." and ".." are the file system's to add.
 */
export interface DirSink {
  /** True for READDIRPLUS. `add` works in both; in plus mode it gives the name and type only, without a lookup reference. */
  readonly plus: boolean;
  /** `type`: file type bits (S_IFMT) as in `st_mode`; permission bits beside them do no harm. */
  add(name: Name, ino: bigint, type: number, offset: number): boolean;
  /** Only in plus mode: entry with attributes; takes one lookup reference when it returned true. */
  addEntry(name: Name, entry: Entry, offset: number): boolean;
}

/** What the kernel and the session agreed on, told once before the first request. */
export interface SessionInfo {
  readonly transport: 'kernel' | 'fuse-native' | 'direct';
  readonly protocolMinor: number;
  readonly maxWrite: number;
  readonly maxRead: number;
  readonly passthrough: boolean;
  readonly writebackCache: boolean;
  /** OPEN and OPENDIR may be answered ENOSYS, once and for all (fuse-transport §3a). */
  readonly noOpen: boolean;
  readonly noOpendir: boolean;
  readonly readdirPlus: boolean;
  readonly notify: Notifier;
}

/**
 * Tells the kernel what it must no longer believe. An unknown node or name is no error. The methods return at once: the
 * kernel may wait for a directory or page that a request holds which this process must answer first, so notifications are
 * sent from another thread, in order.
 */
export interface Notifier {
  /** Attributes, and cached data from `offset` for `length` bytes (0: to the end); a negative offset: attributes only. */
  invalInode(node: NodeId, offset: number, length: number): void;
  invalEntry(parent: NodeId, name: Name): void;
  expireEntry(parent: NodeId, name: Name): void;
  deleteEntry(parent: NodeId, child: NodeId, name: Name): void;
  /** Puts bytes into the kernel's page cache, so that reading them asks nobody. Absent where the transport cannot. */
  store?(node: NodeId, offset: number, data: Uint8Array): void;
  /** Asks the kernel to forget nodes that nobody uses; what it lets go comes as `forget`. Since Linux 6.18. */
  prune?(nodes: readonly NodeId[]): void;
  /** All that was sent before has reached the kernel (or the session has ended). Not to be awaited inside a request. */
  settled(): Promise<void>;
}

/** Agreed at mount; what is absent has the default of the session. */
export interface FileSystemOptions {
  /** Negotiate the write-back cache (decision D14: never a default). */
  readonly writebackCache?: boolean;
  /** Node ids are persistent and `lookup` of "." finds any of them (EXPORT_SUPPORT). */
  readonly exportSupport?: boolean;
  /** POSIX and flock locks come to `getlk`/`setlk` instead of being kept by the kernel. */
  readonly remoteLocks?: boolean;
  /** The kernel enforces ACLs from the xattrs (FUSE_POSIX_ACL). */
  readonly posixAcl?: boolean;
  /** The file system applies the umask itself (FUSE_DONT_MASK). */
  readonly dontMask?: boolean;
  /** O_TRUNC arrives with OPEN instead of as a SETATTR. Must be false for a file system that answers OPEN with ENOSYS. */
  readonly atomicOTrunc?: boolean;
  /** Allow idmapped clones of the mount (FUSE_ALLOW_IDMAP; needs default_permissions). */
  readonly allowIdmap?: boolean;
  /** Cache symlink targets (FUSE_CACHE_SYMLINKS). */
  readonly cacheSymlinks?: boolean;
  /**
   * How many file systems a backing file may be stacked on (passthrough); 0 does without. Default 1, which still allows a
   * kernel overlay above this mount.
   */
  readonly maxStackDepth?: number;
  /** Default `auto`: the kernel asks for attributes with the names where it saw them used. */
  readonly readdirPlus?: 'auto' | 'always' | 'never';
}

/**
 * An inode-based file system: one method per kernel operation. All optional; what is absent is answered with the default
 * named beside it (else ENOSYS). A method returns its result or a promise of it, or fails with an `FsError`; anything else
 * thrown becomes EIO. Buffers passed in belong to the session again once the method has returned or its promise settled;
 * names are strings and may be kept. It can be called without a mount.
 */
export interface FileSystem {
  readonly options?: FileSystemOptions;

  init?(info: SessionInfo): void;
  /** After the last request. Releases what the file system holds for this session. */
  destroy?(): Maybe<void>;

  lookup?(req: Request, parent: NodeId, name: Name): Maybe<Entry | NegativeEntry>;
  /** The kernel drops `count` lookup references. Never answered, must not throw. Default: nothing. */
  forget?(node: NodeId, count: number): void;
  getattr?(req: Request, node: NodeId, fh: Handle | undefined): Maybe<AttrReply>;
  setattr?(req: Request, node: NodeId, set: SetAttr, fh: Handle | undefined): Maybe<AttrReply>;
  readlink?(req: Request, node: NodeId): Maybe<Uint8Array>;

  mknod?(
    req: Request,
    parent: NodeId,
    name: Name,
    mode: number,
    rdev: number,
    umask: number,
  ): Maybe<Entry>;
  mkdir?(req: Request, parent: NodeId, name: Name, mode: number, umask: number): Maybe<Entry>;
  unlink?(req: Request, parent: NodeId, name: Name): Maybe<void>;
  rmdir?(req: Request, parent: NodeId, name: Name): Maybe<void>;
  symlink?(req: Request, parent: NodeId, name: Name, target: Uint8Array): Maybe<Entry>;
  /** `flags`: RENAME_NOREPLACE 1, RENAME_EXCHANGE 2, RENAME_WHITEOUT 4. */
  rename?(
    req: Request,
    parent: NodeId,
    name: Name,
    newParent: NodeId,
    newName: Name,
    flags: number,
  ): Maybe<void>;
  link?(req: Request, node: NodeId, newParent: NodeId, newName: Name): Maybe<Entry>;

  /** Default: the kernel is told ENOSYS where it understands that (never asked again), else success with handle 0. */
  open?(
    req: Request,
    node: NodeId,
    flags: number,
    /** With O_TRUNC: set-id bits are to be cleared (HANDLE_KILLPRIV_V2). */
    killSuidgid?: boolean,
  ): Maybe<OpenReply>;
  /** Default ENOSYS: the kernel makes a file by `mknod` and opens it then, which costs no RELEASE where `open` is absent too. */
  create?(
    req: Request,
    parent: NodeId,
    name: Name,
    mode: number,
    flags: number,
    umask: number,
  ): Maybe<{ readonly entry: Entry; readonly open: OpenReply }>;
  tmpfile?(
    req: Request,
    parent: NodeId,
    mode: number,
    flags: number,
    umask: number,
  ): Maybe<{ readonly entry: Entry; readonly open: OpenReply }>;
  /** Fills `into` (its length is what is wanted) from `offset`; fewer bytes only at the end of the file. */
  read?(
    req: Request,
    node: NodeId,
    fh: Handle,
    offset: number,
    into: Buffer,
    flags: number,
  ): Maybe<number>;
  /** Bytes written. `cached`: from the page cache, the caller's identity is not that of the writer. */
  write?(
    req: Request,
    node: NodeId,
    fh: Handle,
    offset: number,
    data: Buffer,
    write: { readonly flags: number; readonly cached: boolean; readonly killSuidgid: boolean },
  ): Maybe<number>;
  /** Default ENOSYS: the kernel stops asking. */
  flush?(req: Request, node: NodeId, fh: Handle, lockOwner: bigint): Maybe<void>;
  /** Never fails towards the program. Default: nothing. */
  release?(req: Request, node: NodeId, fh: Handle, flags: number): Maybe<void>;
  fsync?(req: Request, node: NodeId, fh: Handle, datasync: boolean): Maybe<void>;

  opendir?(req: Request, node: NodeId, flags: number): Maybe<OpenReply>;
  /** `offset` 0 starts; later ones are cookies given to the sink. */
  readdir?(req: Request, node: NodeId, fh: Handle, offset: number, sink: DirSink): Maybe<void>;
  releasedir?(req: Request, node: NodeId, fh: Handle): Maybe<void>;
  fsyncdir?(req: Request, node: NodeId, fh: Handle, datasync: boolean): Maybe<void>;

  statfs?(req: Request, node: NodeId): Maybe<StatfsReply>;
  syncfs?(req: Request, node: NodeId): Maybe<void>;

  /** Undefined: ENODATA, as nearly always when the kernel asks before it writes, and at less cost than a failure. */
  getxattr?(req: Request, node: NodeId, name: Name): Maybe<Uint8Array | undefined>;
  setxattr?(
    req: Request,
    node: NodeId,
    name: Name,
    value: Buffer,
    flags: number,
    clearSgid: boolean,
  ): Maybe<void>;
  listxattr?(req: Request, node: NodeId): Maybe<readonly Name[]>;
  removexattr?(req: Request, node: NodeId, name: Name): Maybe<void>;

  /** Only asked without `default_permissions`. */
  access?(req: Request, node: NodeId, mask: number): Maybe<void>;
  fallocate?(
    req: Request,
    node: NodeId,
    fh: Handle,
    mode: number,
    offset: number,
    length: number,
  ): Maybe<void>;
  /** SEEK_DATA 3, SEEK_HOLE 4; the others never arrive. */
  lseek?(req: Request, node: NodeId, fh: Handle, offset: number, whence: number): Maybe<number>;
  copyFileRange?(
    req: Request,
    from: { readonly node: NodeId; readonly fh: Handle; readonly offset: number },
    to: { readonly node: NodeId; readonly fh: Handle; readonly offset: number },
    length: number,
    flags: number,
  ): Maybe<number>;
  getlk?(req: Request, node: NodeId, fh: Handle, owner: bigint, lock: Lock): Maybe<Lock>;
  setlk?(
    req: Request,
    node: NodeId,
    fh: Handle,
    owner: bigint,
    lock: Lock,
    sleep: boolean,
    flock: boolean,
  ): Maybe<void>;
  /**
   * What `lsattr` shows, of regular files and directories. The kernel opens the node for it: `fh` means nothing where OPEN is
   * not answered. Before a change it asks for both forms. Default ENOTTY.
   */
  getFileAttributes?(
    req: Request,
    node: NodeId,
    fh: Handle | undefined,
    form: FileAttributeForm,
  ): Maybe<FileAttributes>;
  /**
   * Everything in `set` is wanted, not only what differs. The kernel has checked that the caller owns the file, and has
   * CAP_LINUX_IMMUTABLE where that is needed. Default ENOTTY.
   */
  setFileAttributes?(
    req: Request,
    node: NodeId,
    fh: Handle | undefined,
    set: FileAttributes,
  ): Maybe<void>;
  /** Other commands. `input` and the result are the command's bytes. Default ENOTTY. */
  ioctl?(
    req: Request,
    node: NodeId,
    fh: Handle,
    command: number,
    argument: bigint,
    input: Buffer,
    outSize: number,
  ): Maybe<{ readonly result: number; readonly data?: Uint8Array }>;
}
