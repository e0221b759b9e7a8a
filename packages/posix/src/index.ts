export { faccessat, R_OK, W_OK, X_OK } from './access.js';
export { O } from './arch.js';
export {
  CAP,
  capget,
  capset,
  encodeCapabilities,
  hasCapability,
  type Capabilities,
} from './capabilities.js';
export { dup3, setStatusFlags, statusFlags } from './dup.js';
export { errno, errnoName, failed, type Errno, type ErrnoName } from './errno.js';
export { flock, flockAsync, LOCK } from './flock.js';
export { IN, inotifyAddWatchAsync, inotifyInit, maskOfEvents } from './inotify.js';
export { DT, eachDirent, getdents } from './getdents.js';
export { FileHandle, nameToHandleAt, openByHandleAt } from './handle.js';
export {
  close,
  closeAsync,
  fdatasync,
  fdatasyncAsync,
  fsync,
  fsyncAsync,
  pread,
  preadAsync,
  pwrite,
  pwriteAsync,
  read,
  syncfs,
  syncfsAsync,
  write,
  writeAsync,
} from './io.js';
export {
  getFileFlags,
  getFsxattr,
  setFileFlags,
  setFsxattr,
  type Fsxattr,
} from './file-attributes.js';
export { ioctl, ioctlNumber } from './ioctl.js';
export {
  fchmod,
  fchmodat,
  fchown,
  fchownat,
  ftruncate,
  futimens,
  KEEP_ID,
  procPath,
  utimensat,
  type NewTime,
} from './meta.js';
export { MNT, mount, mountAsync, MS, umount2, umount2Async, type MountRequest } from './mount.js';
export {
  MOUNT_ATTR,
  MOVE_MOUNT,
  mountSetattr,
  moveMount,
  moveMountAsync,
  OPEN_TREE,
  openTree,
  type MountAttributes,
} from './mount-tree.js';
export {
  linkat,
  mkdirat,
  mknodat,
  readlinkat,
  RENAME,
  renameat2,
  symlinkat,
  unlinkat,
} from './names.js';
export { AT_FDCWD, openat } from './openat.js';
export { openat2, RESOLVE } from './openat2.js';
export { PATH_MAX, type BytePath } from './path.js';
export { pipe } from './pipe.js';
export { getNofile, setfsgid, setfsuid, setNofile, umask, type Limit } from './process.js';
export {
  recvmsg,
  sendmsg,
  SOCK_SEQPACKET,
  SOCK_STREAM,
  socketpair,
  type ReceivedMessage,
} from './socket.js';
export {
  copyFileRange,
  copyFileRangeAsync,
  FALLOC,
  fallocate,
  fallocateAsync,
  ficlone,
  lseek,
  SEEK,
  type CopySide,
} from './space.js';
export {
  AT_EACCESS,
  AT_EMPTY_PATH,
  AT_REMOVEDIR,
  AT_SYMLINK_FOLLOW,
  AT_SYMLINK_NOFOLLOW,
  fstat,
  makedev,
  S,
  Stat,
  STATX,
  statx,
} from './stat.js';
export { fstatfs, fsTypes, isLocalFsType, statfs, type Statfs } from './statfs.js';
export {
  getxattr,
  lgetxattr,
  listxattr,
  llistxattr,
  lremovexattr,
  lsetxattr,
  removexattr,
  setxattr,
  XATTR_CREATE,
  XATTR_REPLACE,
  XATTR_SIZE_MAX,
  type XattrOwner,
} from './xattr.js';
