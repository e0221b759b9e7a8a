import { FsError } from '@scorpiofs/fuse';
import { SourceError } from '@scorpiofs/objects';

export const ENOENT = 2;
export const EINTR = 4;
export const EIO = 5;
export const EACCES = 13;
export const ENOTDIR = 20;
export const EISDIR = 21;
export const EINVAL = 22;
const ENOSPC = 28;
export const EROFS = 30;
export const ENAMETOOLONG = 36;
const ETIMEDOUT = 110;
export const ESTALE = 116;
const EDQUOT = 122;

/**
 * What a program is told when something could not be had. Never ENOENT: that a server cannot be asked, or lacks what its own
 * tree names, does not mean that the name does not exist (D6).
 */
export function asFsError(error: unknown, what: string): FsError {
  if (error instanceof FsError) return error;
  return FsError.of(errnoOf(error), `${what}: ${messageOf(error)}`, error);
}

function errnoOf(error: unknown): number {
  if (error instanceof SourceError) {
    if (error.kind === 'cancelled') return EINTR;
    return error.timedOut ? ETIMEDOUT : EIO;
  }
  if (error instanceof Error && 'code' in error) {
    if (error.code === 'ENOSPC' || error.code === 'STORE_FULL') return ENOSPC;
    if (error.code === 'EDQUOT') return EDQUOT;
  }
  return EIO;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** For people: `code` and `hint` beside the message. */
export class DicfuseError extends Error {
  override readonly name = 'DicfuseError';

  constructor(
    readonly code: string,
    message: string,
    readonly hint: string,
    cause?: unknown,
  ) {
    super(message, cause === undefined ? undefined : { cause });
  }
}

export function noSuchDirectory(path: string, revision: string, cause?: unknown): DicfuseError {
  return new DicfuseError(
    'DICFUSE_NO_DIRECTORY',
    `there is no directory ${path} at revision ${revision}`,
    'Check the path and the revision with the server; paths are case-sensitive.',
    cause,
  );
}

export function rootUnavailable(path: string, cause: unknown): DicfuseError {
  return new DicfuseError(
    'DICFUSE_ROOT_UNAVAILABLE',
    `the listing of ${path} could not be had: ${messageOf(cause)}`,
    'Check that the server runs and can be reached; what was stored before is served without it.',
    cause,
  );
}

export function outOfPlaces(): DicfuseError {
  return new DicfuseError(
    'DICFUSE_OUT_OF_IDS',
    'all 2^34 node numbers of this mount are used',
    'Use another store or another namespace for this mount.',
  );
}

export function outOfRoots(): DicfuseError {
  return new DicfuseError(
    'DICFUSE_OUT_OF_ROOTS',
    'this mount has shown as many revisions as it can number (2^19)',
    'Use another store or another namespace for this mount.',
  );
}

export function notPossible(what: string, hint: string): DicfuseError {
  return new DicfuseError('DICFUSE_NOT_POSSIBLE', what, hint);
}
