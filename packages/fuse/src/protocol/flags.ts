/** INIT flags by bit number; bits 32 to 63 travel in `flags2` (INIT_EXT). */
export const INIT = {
  ASYNC_READ: 0,
  POSIX_LOCKS: 1,
  ATOMIC_O_TRUNC: 3,
  EXPORT_SUPPORT: 4,
  BIG_WRITES: 5,
  DONT_MASK: 6,
  FLOCK_LOCKS: 10,
  HAS_IOCTL_DIR: 11,
  AUTO_INVAL_DATA: 12,
  DO_READDIRPLUS: 13,
  READDIRPLUS_AUTO: 14,
  ASYNC_DIO: 15,
  WRITEBACK_CACHE: 16,
  NO_OPEN_SUPPORT: 17,
  PARALLEL_DIROPS: 18,
  HANDLE_KILLPRIV: 19,
  POSIX_ACL: 20,
  ABORT_ERROR: 21,
  MAX_PAGES: 22,
  CACHE_SYMLINKS: 23,
  NO_OPENDIR_SUPPORT: 24,
  EXPLICIT_INVAL_DATA: 25,
  HANDLE_KILLPRIV_V2: 28,
  SETXATTR_EXT: 29,
  INIT_EXT: 30,
  SECURITY_CTX: 32,
  CREATE_SUPP_GROUP: 34,
  HAS_EXPIRE_ONLY: 35,
  DIRECT_IO_ALLOW_MMAP: 36,
  PASSTHROUGH: 37,
  NO_EXPORT_SUPPORT: 38,
  HAS_RESEND: 39,
  ALLOW_IDMAP: 40,
} as const;

export type InitFlag = keyof typeof INIT;

export const FATTR = {
  MODE: 1 << 0,
  UID: 1 << 1,
  GID: 1 << 2,
  SIZE: 1 << 3,
  ATIME: 1 << 4,
  MTIME: 1 << 5,
  FH: 1 << 6,
  ATIME_NOW: 1 << 7,
  MTIME_NOW: 1 << 8,
  LOCKOWNER: 1 << 9,
  CTIME: 1 << 10,
  KILL_SUIDGID: 1 << 11,
} as const;

export const FOPEN = {
  DIRECT_IO: 1 << 0,
  KEEP_CACHE: 1 << 1,
  NONSEEKABLE: 1 << 2,
  CACHE_DIR: 1 << 3,
  NOFLUSH: 1 << 5,
  PARALLEL_DIRECT_WRITES: 1 << 6,
  PASSTHROUGH: 1 << 7,
} as const;

export const GETATTR_FH = 1;
export const OPEN_KILL_SUIDGID = 1;
export const WRITE = { CACHE: 1, LOCKOWNER: 2, KILL_SUIDGID: 4 } as const;
export const FSYNC_FDATASYNC = 1;
export const LK_FLOCK = 1;
export const SETXATTR_ACL_KILL_SGID = 1;
export const IOCTL_UNRESTRICTED = 2;
export const INVAL_EXPIRE_ONLY = 1;

/** `_IOW(229, 1, struct fuse_backing_map)` and `_IOW(229, 2, uint32_t)`. */
export const DEV_IOC = { BACKING_OPEN: 0x4010e501, BACKING_CLOSE: 0x4004e502 } as const;

/** Commands for file attributes (`linux/fs.h`); the same on x64 and arm64. */
export const FS_IOC = {
  GETFLAGS: 0x8008_6601,
  SETFLAGS: 0x4008_6602,
  FSGETXATTR: 0x801c_581f,
  FSSETXATTR: 0x401c_5820,
} as const;

export const PROTOCOL_MAJOR = 7;
/** The newest minor whose structures are in the tables. */
export const PROTOCOL_MINOR = 45;
/** Linux 4.18 speaks 7.27; from 7.23 on the structures in the tables have these sizes (see SETXATTR for the exception). */
export const OLDEST_MINOR = 23;
