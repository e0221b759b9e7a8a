/** `count` ids from `host` on are shown from `shown` on. */
export interface IdRange {
  readonly host: number;
  readonly shown: number;
  readonly count: number;
}

/** Which extended attributes are let through. */
export type XattrPolicy = 'all' | 'user' | 'none';

export interface PassthroughOptions {
  /** Refuse every change with EROFS. */
  readonly readOnly?: boolean;
  /**
   * Nobody else changes the source: the kernel may believe for ever what it was told, and keep pages over opens. Wrong
   * answers follow when that is not true. Default false: lifetimes of `ttl`, pages kept while the file's ctime stands.
   */
  readonly exclusive?: boolean;
  /** Seconds the kernel may believe names and attributes. Default 1. */
  readonly ttl?: number;
  /** Show every file as owned by this user or group; owners cannot be changed then. */
  readonly squashUid?: number;
  readonly squashGid?: number;
  /** Ids outside every range are shown as 65534 and cannot be given to files. */
  readonly uidMap?: readonly IdRange[];
  readonly gidMap?: readonly IdRange[];
  /**
   * Owner and mode are kept in this extended attribute (as `uid:gid:mode`), and the host's own are left alone: for hosts
   * where they cannot be changed. `user.containers.override_stat` and the names of fuse-overlayfs's `xattr_permissions`
   * have this form. Files and directories only; permissions are then for the kernel to check (`default_permissions`).
   */
  readonly overrideXattr?: string;
  /** Access control lists reach the kernel, which enforces them. Default true, without `overrideXattr`. */
  readonly acl?: boolean;
  /** Default `all`. */
  readonly xattrs?: XattrPolicy;
  /**
   * Descriptors kept for nodes without an open file. Default: a quarter of the process's soft limit, 64 to 4096.
   * Open files and directories come on top.
   */
  readonly maxDescriptors?: number;
  /**
   * Files are named by handle where that is permitted; `never` tells to name them by path as an unprivileged process
   * must.
   */
  readonly handles?: 'auto' | 'never';
  /**
   * Offer a host descriptor for passthrough when a file is opened for writing, or holds at least this many bytes:
   * below it, plain reads are quicker than registering the descriptor (fuse-transport §1). Default 65536. `never`: also
   * not for writing.
   */
  readonly passthroughMinSize?: number | 'never';
}
