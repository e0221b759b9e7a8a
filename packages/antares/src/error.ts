/** What clients match on (spec 1.4); what follows SHUTDOWN is additive. */
export type AntaresCode =
  | 'INVALID_REQUEST'
  | 'NOT_FOUND'
  | 'FUSE_ERROR'
  | 'INTERNAL_ERROR'
  | 'SHUTDOWN'
  | 'BUSY'
  | 'LOCKED'
  | 'CONFLICT'
  | 'TOO_MANY_MOUNTS'
  | 'STARTING'
  | 'STATE_FILE';

/** A failure that a client is told: its message is for the answer's `error`, the hint for people. */
export class AntaresError extends Error {
  override readonly name = 'AntaresError';

  constructor(
    readonly code: AntaresCode,
    message: string,
    readonly hint: string,
    /** Further members of an answer, such as the processes that keep a view busy. */
    readonly details: Readonly<Record<string, unknown>> = {},
    cause?: unknown,
  ) {
    super(message, cause === undefined ? undefined : { cause });
  }
}

export function invalid(message: string, hint = 'Change the request.'): AntaresError {
  return new AntaresError('INVALID_REQUEST', message, hint);
}

export function unknownMount(id: string): AntaresError {
  return new AntaresError('NOT_FOUND', `mount ${id} not found`, 'GET /mounts lists what there is.');
}

export function unknownJob(job: string): AntaresError {
  return new AntaresError(
    'NOT_FOUND',
    `mount for task ${job} not found`,
    'GET /mounts lists what there is.',
  );
}

export function fuseError(message: string, hint: string, cause?: unknown): AntaresError {
  return new AntaresError('FUSE_ERROR', message, hint, {}, cause);
}

export function internal(message: string, hint: string, cause?: unknown): AntaresError {
  return new AntaresError('INTERNAL_ERROR', message, hint, {}, cause);
}

export function shuttingDown(): AntaresError {
  return new AntaresError(
    'SHUTDOWN',
    'the daemon is shutting down',
    'Ask again when it has been started again.',
  );
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
