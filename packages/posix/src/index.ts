export { O } from './arch.js';
export { errno, errnoName, failed, type Errno, type ErrnoName } from './errno.js';
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
} from './io.js';
export { ioctl, ioctlNumber } from './ioctl.js';
export { MNT, mount, mountAsync, MS, umount2, umount2Async, type MountRequest } from './mount.js';
export { AT_FDCWD, openat } from './openat.js';
export { PATH_MAX, type BytePath } from './path.js';
export { pipe } from './pipe.js';
export {
  recvmsg,
  sendmsg,
  SOCK_SEQPACKET,
  SOCK_STREAM,
  socketpair,
  type ReceivedMessage,
} from './socket.js';
export { fstatfs, fsTypes, isLocalFsType, statfs, type Statfs } from './statfs.js';
