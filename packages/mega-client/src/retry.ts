import type { RequestOptions, SourceError } from '@scorpiofs/objects';
import { setTimeout as sleep } from 'node:timers/promises';

export interface RetryPolicy {
  /** Requests in all for one question, the first included. */
  readonly attempts: number;
  /** First pause in milliseconds, then doubled; each is drawn between half and one and a half of it. */
  readonly pause: number;
  /** Longest pause in milliseconds. A server whose `Retry-After` is longer is not asked again. */
  readonly maxPause: number;
  /** No new request starts later than this many milliseconds after the first. */
  readonly budget: number;
}

export const DEFAULT_RETRY: RetryPolicy = {
  attempts: 3,
  pause: 100,
  maxPause: 5_000,
  budget: 15_000,
};

/** A failure with what is known about asking again. */
export class AttemptError extends Error {
  constructor(
    readonly failure: SourceError,
    readonly again: 'never' | 'now' | 'later',
    /** From `Retry-After`, milliseconds. */
    readonly after?: number,
  ) {
    super(failure.message, { cause: failure });
  }
}

/**
 * Runs `attempt` until it succeeds, fails for good, or the policy is exhausted, and then rejects with the `SourceError`.
 * Bounded, since many failures are deterministic: a handler that panics does so again (C18).
 */
export async function withRetry<T>(
  policy: RetryPolicy,
  attempt: (number: number) => Promise<T>,
  onRetry: () => void,
  { signal }: RequestOptions = {},
): Promise<T> {
  const start = performance.now();
  for (let number = 1; ; number += 1) {
    try {
      return await attempt(number);
    } catch (error) {
      if (!(error instanceof AttemptError)) throw error;
      const pause = pauseBefore(policy, number, error);
      const elapsed = performance.now() - start;
      if (pause === undefined || elapsed + pause > policy.budget) throw error.failure;
      await wait(pause, signal);
      onRetry();
    }
  }
}

function pauseBefore(policy: RetryPolicy, number: number, error: AttemptError): number | undefined {
  if (error.again === 'never' || number >= policy.attempts) return undefined;
  if (error.again === 'now') return 0;
  const backoff = policy.pause * 2 ** (number - 1) * (0.5 + Math.random());
  if (error.after === undefined) return Math.min(backoff, policy.maxPause);
  return error.after > policy.maxPause ? undefined : Math.max(error.after, backoff);
}

async function wait(pause: number, signal: AbortSignal | undefined): Promise<void> {
  if (pause === 0) return;
  try {
    await sleep(pause, undefined, signal ? { signal } : {});
  } catch {
    signal?.throwIfAborted();
  }
}

/** Seconds or an HTTP date (RFC 9110, 10.2.3), as milliseconds from now; undefined where it says neither. */
export function parseRetryAfter(header: string | undefined, now = Date.now()): number | undefined {
  if (header === undefined) return undefined;
  if (/^\d{1,9}$/.test(header.trim())) return Number(header) * 1000;
  const date = Date.parse(header);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}
