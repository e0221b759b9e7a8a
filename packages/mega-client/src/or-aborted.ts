import { setMaxListeners } from 'node:events';

/** Settles as `promise` does, but rejects with the signal's reason as soon as that is aborted. */
export async function orAborted<T>(
  promise: Promise<T>,
  signal: AbortSignal | undefined,
): Promise<T> {
  if (!signal) return await promise;
  signal.throwIfAborted();
  const { promise: aborted, reject } = withReject();
  const onAbort = () => reject(signal.reason);
  setMaxListeners(0, signal);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
    // When the signal won, the turn's own rejection comes later and has nobody waiting.
    promise.catch(() => {});
  }
}

function withReject(): { promise: Promise<never>; reject: (reason: unknown) => void } {
  let reject: (reason: unknown) => void = () => {};
  const promise = new Promise<never>((_, fail) => {
    reject = fail;
  });
  return { promise, reject };
}
