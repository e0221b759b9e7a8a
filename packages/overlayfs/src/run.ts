import type { Maybe } from '@scorpiofs/fuse';

/**
 * Operations of the overlay are written once, as generators that `yield*` whatever a layer answers. As long as every layer
 * answers at once, the whole operation does too, in the same turn of the event loop; the first promise makes the rest wait.
 */
export type Op<T> = Generator<Promise<unknown>, T, unknown>;

/** The value of a layer's answer, waiting only when it is a promise. */
export function* wait<T>(answer: Maybe<T>): Op<T> {
  if (answer instanceof Promise) return (yield answer) as T;
  return answer;
}

/** Runs an operation to its end: a value when nothing waited, else a promise. Throws or rejects as the operation does. */
export function run<T>(op: Op<T>): Maybe<T> {
  const first = op.next();
  return first.done === true ? first.value : proceed(op, first.value);
}

async function proceed<T>(op: Op<T>, pending: Promise<unknown>): Promise<T> {
  let next = pending;
  for (;;) {
    let step: IteratorResult<Promise<unknown>, T>;
    try {
      step = op.next(await next);
    } catch (error) {
      // Either the awaited answer failed, or the operation itself did; a finished generator rethrows what it is given.
      step = op.throw(error);
    }
    if (step.done === true) return step.value;
    next = step.value;
  }
}
