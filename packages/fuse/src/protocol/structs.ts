import { struct } from './layout.js';

/** Structures of the FUSE kernel protocol 7.45 (`linux/fuse.h`), in its order and with its names. */

export const IN_HEADER = struct('in_header', {
  len: 'u32',
  opcode: 'u32',
  unique: 'u64',
  nodeid: 'u64',
  uid: 'u32',
  gid: 'u32',
  pid: 'u32',
  /** Length of extensions behind the arguments, in units of 8 bytes. */
  total_extlen: 'u16',
  padding: 'u16',
});

/** `len` counts the header; `error` is 0 or a negative errno; `unique` is the request's, 0 in a notification. */
export const OUT_HEADER = struct('out_header', { len: 'u32', error: 's32', unique: 'u64' });

export const INIT_IN = struct('init_in', {
  major: 'u32',
  minor: 'u32',
  max_readahead: 'u32',
  flags: 'u32',
  /** From here on only since 7.36 (FUSE_INIT_EXT). */
  flags2: 'u32',
  unused1: 'u32',
  unused2: 'u64',
  unused3: 'u64',
  unused4: 'u64',
  unused5: 'u64',
  unused6: 'u64',
});

export const INIT_OUT = struct('init_out', {
  major: 'u32',
  minor: 'u32',
  max_readahead: 'u32',
  flags: 'u32',
  max_background: 'u16',
  congestion_threshold: 'u16',
  max_write: 'u32',
  time_gran: 'u32',
  max_pages: 'u16',
  map_alignment: 'u16',
  flags2: 'u32',
  max_stack_depth: 'u32',
  request_timeout: 'u16',
  unused1: 'u16',
  unused2: 'u32',
  unused3: 'u64',
  unused4: 'u64',
});

const ATTR_FIELDS = {
  ino: 'u64',
  size: 'u64',
  blocks: 'u64',
  atime: 'u64',
  mtime: 'u64',
  ctime: 'u64',
  atimensec: 'u32',
  mtimensec: 'u32',
  ctimensec: 'u32',
  mode: 'u32',
  nlink: 'u32',
  uid: 'u32',
  gid: 'u32',
  rdev: 'u32',
  blksize: 'u32',
  flags: 'u32',
} as const;

export const ATTR = struct('attr', ATTR_FIELDS);

/** An `attr` follows. */
export const ENTRY_OUT = struct('entry_out', {
  nodeid: 'u64',
  generation: 'u64',
  entry_valid: 'u64',
  attr_valid: 'u64',
  entry_valid_nsec: 'u32',
  attr_valid_nsec: 'u32',
});

/** An `attr` follows. */
export const ATTR_OUT = struct('attr_out', {
  attr_valid: 'u64',
  attr_valid_nsec: 'u32',
  dummy: 'u32',
});

export const FORGET_IN = struct('forget_in', { nlookup: 'u64' });
export const BATCH_FORGET_IN = struct('batch_forget_in', { count: 'u32', dummy: 'u32' });
export const FORGET_ONE = struct('forget_one', { nodeid: 'u64', nlookup: 'u64' });
export const GETATTR_IN = struct('getattr_in', { getattr_flags: 'u32', dummy: 'u32', fh: 'u64' });

export const SETATTR_IN = struct('setattr_in', {
  valid: 'u32',
  padding: 'u32',
  fh: 'u64',
  size: 'u64',
  lock_owner: 'u64',
  atime: 'u64',
  mtime: 'u64',
  ctime: 'u64',
  atimensec: 'u32',
  mtimensec: 'u32',
  ctimensec: 'u32',
  mode: 'u32',
  unused4: 'u32',
  uid: 'u32',
  gid: 'u32',
  unused5: 'u32',
});

export const MKNOD_IN = struct('mknod_in', {
  mode: 'u32',
  rdev: 'u32',
  umask: 'u32',
  padding: 'u32',
});
export const MKDIR_IN = struct('mkdir_in', { mode: 'u32', umask: 'u32' });
export const RENAME_IN = struct('rename_in', { newdir: 'u64' });
export const RENAME2_IN = struct('rename2_in', { newdir: 'u64', flags: 'u32', padding: 'u32' });
export const LINK_IN = struct('link_in', { oldnodeid: 'u64' });
export const OPEN_IN = struct('open_in', { flags: 'u32', open_flags: 'u32' });
export const OPEN_OUT = struct('open_out', { fh: 'u64', open_flags: 'u32', backing_id: 's32' });
export const CREATE_IN = struct('create_in', {
  flags: 'u32',
  mode: 'u32',
  umask: 'u32',
  open_flags: 'u32',
});

export const RELEASE_IN = struct('release_in', {
  fh: 'u64',
  flags: 'u32',
  release_flags: 'u32',
  lock_owner: 'u64',
});
export const FLUSH_IN = struct('flush_in', {
  fh: 'u64',
  unused: 'u32',
  padding: 'u32',
  lock_owner: 'u64',
});
export const FSYNC_IN = struct('fsync_in', { fh: 'u64', fsync_flags: 'u32', padding: 'u32' });

export const READ_IN = struct('read_in', {
  fh: 'u64',
  offset: 'u64',
  size: 'u32',
  read_flags: 'u32',
  lock_owner: 'u64',
  flags: 'u32',
  padding: 'u32',
});

export const WRITE_IN = struct('write_in', {
  fh: 'u64',
  offset: 'u64',
  size: 'u32',
  write_flags: 'u32',
  lock_owner: 'u64',
  flags: 'u32',
  padding: 'u32',
});
export const WRITE_OUT = struct('write_out', { size: 'u32', padding: 'u32' });

export const STATFS_OUT = struct('statfs_out', {
  blocks: 'u64',
  bfree: 'u64',
  bavail: 'u64',
  files: 'u64',
  ffree: 'u64',
  bsize: 'u32',
  namelen: 'u32',
  frsize: 'u32',
  padding: 'u32',
  spare1: 'u64',
  spare2: 'u64',
  spare3: 'u64',
});

/** The short form, without SETXATTR_EXT, ends before `setxattr_flags`. */
export const SETXATTR_IN = struct('setxattr_in', {
  size: 'u32',
  flags: 'u32',
  setxattr_flags: 'u32',
  padding: 'u32',
});
export const SETXATTR_IN_SHORT = struct('setxattr_in', { size: 'u32', flags: 'u32' });
/** Of GETXATTR and LISTXATTR; `size` 0 asks for the length only. */
export const GETXATTR_IN = struct('getxattr_in', { size: 'u32', padding: 'u32' });
export const GETXATTR_OUT = struct('getxattr_out', { size: 'u32', padding: 'u32' });

const LOCK_FIELDS = { start: 'u64', end: 'u64', type: 'u32', pid: 'u32' } as const;
export const LK_IN = struct('lk_in', {
  fh: 'u64',
  owner: 'u64',
  ...LOCK_FIELDS,
  lk_flags: 'u32',
  padding: 'u32',
});
export const LK_OUT = struct('lk_out', LOCK_FIELDS);

export const ACCESS_IN = struct('access_in', { mask: 'u32', padding: 'u32' });
export const INTERRUPT_IN = struct('interrupt_in', { unique: 'u64' });
export const BMAP_IN = struct('bmap_in', { block: 'u64', blocksize: 'u32', padding: 'u32' });

export const IOCTL_IN = struct('ioctl_in', {
  fh: 'u64',
  flags: 'u32',
  cmd: 'u32',
  arg: 'u64',
  in_size: 'u32',
  out_size: 'u32',
});
export const IOCTL_OUT = struct('ioctl_out', {
  result: 's32',
  flags: 'u32',
  in_iovs: 'u32',
  out_iovs: 'u32',
});

/** Behind an IOCTL's structure, for FS_IOC_GETFLAGS and FS_IOC_SETFLAGS: an int, although the numbers say long. */
export const FILE_FLAGS = struct('file_flags', { flags: 'u32' });
/** The same for FS_IOC_FSGETXATTR and FS_IOC_FSSETXATTR. */
export const FSXATTR = struct('fsxattr', {
  xflags: 'u32',
  extsize: 'u32',
  nextents: 'u32',
  projid: 'u32',
  cowextsize: 'u32',
  pad1: 'u32',
  pad2: 'u32',
});

export const POLL_IN = struct('poll_in', { fh: 'u64', kh: 'u64', flags: 'u32', events: 'u32' });
export const FALLOCATE_IN = struct('fallocate_in', {
  fh: 'u64',
  offset: 'u64',
  length: 'u64',
  mode: 'u32',
  padding: 'u32',
});
export const LSEEK_IN = struct('lseek_in', {
  fh: 'u64',
  offset: 'u64',
  whence: 'u32',
  padding: 'u32',
});
export const LSEEK_OUT = struct('lseek_out', { offset: 'u64' });

export const COPY_FILE_RANGE_IN = struct('copy_file_range_in', {
  fh_in: 'u64',
  off_in: 'u64',
  nodeid_out: 'u64',
  fh_out: 'u64',
  off_out: 'u64',
  len: 'u64',
  flags: 'u64',
});
/** Of COPY_FILE_RANGE_64; the older COPY_FILE_RANGE is answered with a `write_out`. */
export const COPY_FILE_RANGE_OUT = struct('copy_file_range_out', { bytes_copied: 'u64' });

export const SYNCFS_IN = struct('syncfs_in', { padding: 'u64' });
export const STATX_IN = struct('statx_in', {
  getattr_flags: 'u32',
  reserved: 'u32',
  fh: 'u64',
  sx_flags: 'u32',
  sx_mask: 'u32',
});

/** The name follows, padded to 8 bytes. */
export const DIRENT = struct('dirent', { ino: 'u64', off: 'u64', namelen: 'u32', type: 'u32' });

export const NOTIFY_INVAL_INODE = struct('notify_inval_inode_out', {
  ino: 'u64',
  off: 's64',
  len: 's64',
});
/** The name and a NUL follow. */
export const NOTIFY_INVAL_ENTRY = struct('notify_inval_entry_out', {
  parent: 'u64',
  namelen: 'u32',
  flags: 'u32',
});
/** The name and a NUL follow. */
export const NOTIFY_DELETE = struct('notify_delete_out', {
  parent: 'u64',
  child: 'u64',
  namelen: 'u32',
  padding: 'u32',
});
/** The data follow. */
export const NOTIFY_STORE = struct('notify_store_out', {
  nodeid: 'u64',
  offset: 'u64',
  size: 'u32',
  padding: 'u32',
});
/** `count` node ids follow. Since 7.45. */
export const NOTIFY_PRUNE = struct('notify_prune_out', {
  count: 'u32',
  padding: 'u32',
  spare: 'u64',
});

/** Argument of FUSE_DEV_IOC_BACKING_OPEN. */
export const BACKING_MAP = struct('backing_map', { fd: 's32', flags: 'u32', padding: 'u64' });
