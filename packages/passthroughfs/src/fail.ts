import { FsError } from '@scorpiofs/fuse';
import { errno, errnoName, type ErrnoName } from '@scorpiofs/posix';

/** An answer to the kernel, to be thrown. */
export function failure(name: ErrnoName): FsError {
  return FsError.of(errno[name], name);
}

/** The result of a system call, or the failure it answered. */
export function check(result: number): number {
  if (result < 0) throw FsError.of(-result, errnoName(result));
  return result;
}

/** Like `check`, for a call with a structured result. */
export function must<T>(result: T): Exclude<T, number> {
  if (typeof result === 'number') throw FsError.of(-result, errnoName(result));
  return result as Exclude<T, number>;
}
