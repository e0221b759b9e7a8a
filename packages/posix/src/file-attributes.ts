import type { Errno } from './errno.js';
import { ioctl } from './ioctl.js';

const FS_IOC_GETFLAGS = 0x8008_6601;
const FS_IOC_SETFLAGS = 0x4008_6602;
const FS_IOC_FSGETXATTR = 0x801c_581f;
const FS_IOC_FSSETXATTR = 0x401c_5820;
const FSXATTR_SIZE = 28;

/** `struct fsxattr` (`linux/fs.h`, ioctl_xfs_fsgetxattr(2)). */
export interface Fsxattr {
  /** FS_XFLAG_ bits. */
  readonly xflags: number;
  /** Hint for allocation, in bytes. */
  readonly extsize: number;
  /** Data extents the file has now; not taken when it is set. */
  readonly nextents: number;
  /** Project, for quotas. */
  readonly projid: number;
  /** As `extsize`, for what is copied on write. */
  readonly cowextsize: number;
}

/**
 * The FS_..._FL bits of an open file or directory (ioctl_iflags(2)), or `-errno`: ENOTTY or EOPNOTSUPP where there are none,
 * EBADF for an O_PATH descriptor.
 */
export function getFileFlags(fd: number): number {
  // Declared as a long, it is an int: the rest stays as it is.
  const word = Buffer.alloc(8);
  const r = ioctl(fd, FS_IOC_GETFLAGS, word);
  return r < 0 ? r : word.readUInt32LE();
}

export function setFileFlags(fd: number, flags: number): 0 | Errno {
  const word = Buffer.alloc(8);
  word.writeUInt32LE(flags);
  return ioctl(fd, FS_IOC_SETFLAGS, word) as 0 | Errno;
}

export function getFsxattr(fd: number): Fsxattr | Errno {
  const b = Buffer.alloc(FSXATTR_SIZE);
  const r = ioctl(fd, FS_IOC_FSGETXATTR, b);
  if (r < 0) return r as Errno;
  return {
    xflags: b.readUInt32LE(0),
    extsize: b.readUInt32LE(4),
    nextents: b.readUInt32LE(8),
    projid: b.readUInt32LE(12),
    cowextsize: b.readUInt32LE(16),
  };
}

export function setFsxattr(fd: number, set: Fsxattr): 0 | Errno {
  const b = Buffer.alloc(FSXATTR_SIZE);
  b.writeUInt32LE(set.xflags, 0);
  b.writeUInt32LE(set.extsize, 4);
  b.writeUInt32LE(set.nextents, 8);
  b.writeUInt32LE(set.projid, 12);
  b.writeUInt32LE(set.cowextsize, 16);
  return ioctl(fd, FS_IOC_FSSETXATTR, b) as 0 | Errno;
}
