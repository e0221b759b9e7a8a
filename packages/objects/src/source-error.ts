/**
 * missing: the server says that it does not exist. refused: the server says no (authentication, policy, bad request).
 * broken: the server answered wrongly (5xx, rubbish, wrong content). unreachable: no answer (network, time limit).
 * cancelled: the caller's signal.
 */
export type SourceErrorKind = 'missing' | 'refused' | 'broken' | 'unreachable' | 'cancelled';

export class SourceError extends Error {
  override readonly name = 'SourceError';

  constructor(
    readonly kind: SourceErrorKind,
    /** What failed, on what, why. */
    message: string,
    options: {
      readonly cause?: unknown;
      readonly status?: number;
      readonly timedOut?: boolean;
    } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.status = options.status;
    this.timedOut = options.timedOut ?? false;
  }

  readonly status: number | undefined;
  /** Distinguishes ETIMEDOUT from EIO for the program that waits. */
  readonly timedOut: boolean;
}
