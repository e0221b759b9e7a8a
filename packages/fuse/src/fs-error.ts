/**
 * A failure that the kernel is told about. Made where the failure is understood. Making one costs no stack trace, since
 * errnos are answers, not accidents; `cause` carries the accident where there was one.
 */
export class FsError extends Error {
  override readonly name = 'FsError';

  private constructor(
    /** Positive Linux errno, e.g. 2 for ENOENT. */
    readonly errno: number,
    message: string,
    cause?: unknown,
  ) {
    super(message, cause === undefined ? undefined : { cause });
  }

  static of(errno: number, message = `errno ${errno}`, cause?: unknown): FsError {
    const limit = Error.stackTraceLimit;
    Error.stackTraceLimit = 0;
    try {
      return new FsError(errno, message, cause);
    } finally {
      Error.stackTraceLimit = limit;
    }
  }
}
