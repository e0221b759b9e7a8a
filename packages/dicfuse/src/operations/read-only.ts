import { FsError, type FileSystem } from '@scorpiofs/fuse';
import { EROFS } from '../failure.js';

function refuse(): never {
  throw FsError.of(EROFS, 'read-only file system');
}

/** fs: D-10. Everything that would change something. */
export const READ_ONLY = {
  setattr: refuse,
  mknod: refuse,
  mkdir: refuse,
  unlink: refuse,
  rmdir: refuse,
  symlink: refuse,
  rename: refuse,
  link: refuse,
  create: refuse,
  tmpfile: refuse,
  write: refuse,
  setxattr: refuse,
  removexattr: refuse,
  fallocate: refuse,
  copyFileRange: refuse,
} as const satisfies FileSystem;
