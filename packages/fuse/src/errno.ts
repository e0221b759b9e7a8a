import { errno, type ErrnoName } from '@scorpiofs/posix';
import { FsError } from './fs-error.js';

/** `FsError` by the name of its errno. */
export function fail(name: ErrnoName, message: string = name): FsError {
  return FsError.of(errno[name], message);
}
