import { setMaxListeners } from 'node:events';

/** A failure is a value here, so that the others go on. */
export type Outcome<T> = { readonly value: T } | { readonly error: unknown };

/**
 * Runs `work` on every item, at most `width` started and not yet taken by the consumer, and yields in order of completion.
 * Returning early aborts the signal that the running ones got.
 */
export async function* concurrent<I, O>(
  items: Iterable<I>,
  width: number,
  work: (item: I, signal: AbortSignal) => Promise<O>,
  outer?: AbortSignal,
): AsyncGenerator<readonly [I, Outcome<O>], void, undefined> {
  const inner = new AbortController();
  const { signal } = inner;
  setMaxListeners(0, signal);
  const onAbort = () => inner.abort(outer?.reason);
  outer?.addEventListener('abort', onAbort, { once: true });
  if (outer?.aborted) onAbort();
  const running = new Set<Promise<readonly [I, Outcome<O>]>>();
  const done: (readonly [I, Outcome<O>])[] = [];
  let wake: () => void = () => {};
  const queue = items[Symbol.iterator]();
  const start = (item: I) => {
    const run = settle(item, work, signal);
    running.add(run);
    void run.then((result) => {
      running.delete(run);
      done.push(result);
      wake();
    });
  };
  try {
    for (;;) {
      while (running.size + done.length < width) {
        const next = queue.next();
        if (next.done) break;
        start(next.value);
      }
      const result = done.shift();
      if (result) {
        yield result;
        continue;
      }
      if (running.size === 0) return;
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  } finally {
    outer?.removeEventListener('abort', onAbort);
    inner.abort(new Error('no longer wanted'));
  }
}

async function settle<I, O>(
  item: I,
  work: (item: I, signal: AbortSignal) => Promise<O>,
  signal: AbortSignal,
): Promise<readonly [I, Outcome<O>]> {
  try {
    return [item, { value: await work(item, signal) }];
  } catch (error) {
    return [item, { error }];
  }
}
