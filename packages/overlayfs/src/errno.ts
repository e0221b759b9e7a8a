import { FsError } from '@scorpiofs/fuse';

/** Linux errno numbers, the same on x64 and arm64 (asm-generic/errno-base.h, errno.h). */
export const EPERM = 1;
export const ENOENT = 2;
export const EIO = 5;
export const EACCES = 13;
export const EEXIST = 17;
export const EXDEV = 18;
export const ENOTDIR = 20;
export const EISDIR = 21;
export const EINVAL = 22;
export const ENOTTY = 25;
export const ETXTBSY = 26;
export const EMLINK = 31;
export const ENOSPC = 28;
export const EROFS = 30;
export const ENOSYS = 38;
export const ENOTEMPTY = 39;
export const ENODATA = 61;
export const EOPNOTSUPP = 95;
export const ESTALE = 116;
export const EDQUOT = 122;

/** Whether a layer's failure is one of these errnos. */
export function isErrno(error: unknown, ...errnos: readonly number[]): boolean {
  return error instanceof FsError && errnos.includes(error.errno);
}

export function fail(errno: number, message: string): never {
  throw FsError.of(errno, message);
}
