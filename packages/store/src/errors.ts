import { freeBytes, MARGIN } from './room.js';

/** A failure of the store that a person can do something about. */
export class StoreError extends Error {
  override readonly name = 'StoreError';

  constructor(
    /** `ENOSPC` where the disk or the quota is full, so that it becomes that errno; else `STORE_…`. */
    readonly code: string,
    message: string,
    /** What to do next. */
    readonly hint: string,
    cause?: unknown,
  ) {
    super(message, cause === undefined ? undefined : { cause });
  }
}

export function fromTheFuture(directory: string, format: string): StoreError {
  return new StoreError(
    'STORE_FROM_THE_FUTURE',
    `the store in ${directory} was written by a newer version of ScorpioFS (format ${JSON.stringify(format)})`,
    'Use that version, or give another store_path; the store is left as it is.',
  );
}

export function unusable(directory: string, cause: unknown): StoreError {
  return new StoreError(
    'STORE_UNUSABLE',
    `the store in ${directory} cannot be opened: ${messageOf(cause)}`,
    'Check that store_path names a directory that this user may write, on a local disk. A store that is damaged beyond that can be deleted while no daemon runs: what it held is fetched again.',
    cause,
  );
}

export function damagedDatabase(path: string, cause: unknown): StoreError {
  return new StoreError(
    'STORE_DAMAGED',
    `the database of the store, ${path}, cannot be used: ${messageOf(cause)}`,
    'If it is damaged, stop what uses the store and remove this file: large contents stay, the rest is fetched again.',
    cause,
  );
}

export function noRoom(directory: string, cause: unknown): StoreError {
  return new StoreError(
    'ENOSPC',
    `no room in the store at ${directory}: ${messageOf(cause)}`,
    'Make room on its disk, or set store_quota_bytes so that the store stays below what there is.',
    cause,
  );
}

export function unreadable(what: string, cause: unknown): StoreError {
  return new StoreError(
    'STORE_READ',
    `${what} cannot be read from the store: ${messageOf(cause)}`,
    'Look at the kernel log for disk errors; an fsck of the store removes what is damaged.',
    cause,
  );
}

export function closedStore(): StoreError {
  return new StoreError('STORE_CLOSED', 'the store is closed', 'Open it again.');
}

/** The `code` of what was thrown, whatever realm its class is from. */
export function codeOf(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
}

/** What was thrown, as a `StoreError` of code `ENOSPC` where the reason is a full disk or quota. */
export function withRoomError(directory: string, error: unknown): unknown {
  if (error instanceof StoreError) return error;
  return isNoRoom(directory, error) ? noRoom(directory, error) : error;
}

/** LMDB: a page is of another kind than it should be; a page that is not there. */
const DAMAGED: ReadonlySet<unknown> = new Set([-30796, -30797]);

/** What was thrown, as a `StoreError` where LMDB says that its file is damaged. */
export function asDamage(path: string, error: unknown): unknown {
  return DAMAGED.has(codeOf(error)) ? damagedDatabase(path, error) : error;
}

const MDB_MAP_FULL = -30792;

function isNoRoom(directory: string, error: unknown): boolean {
  const code = codeOf(error);
  if (code === 'ENOSPC' || code === 'EDQUOT' || code === 28 || code === 122) return true;
  if (code === MDB_MAP_FULL || messageOf(error).includes('MDB_MAP_FULL')) return true;
  // LMDB calls a page that fitted only half an I/O error.
  return code === 5 && freeBytes(directory) < MARGIN;
}

function messageOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'message' in error
    ? String(error.message)
    : String(error);
}
