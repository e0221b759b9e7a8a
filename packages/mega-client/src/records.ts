import { Accumulator } from './accumulator.js';
import { broken } from './failures.js';

/**
 * Reads one record at the start of `bytes`: the record with its length, or how many bytes from the start must be at hand
 * before it is worth trying again. Throws on what can never become a record.
 */
export type ReadRecord<T> = (bytes: Buffer) => Step<T>;

export type Step<T> = { readonly record: T; readonly length: number } | { readonly need: number };

/**
 * Records out of a body that is cut into pieces anywhere. Holds at most one unfinished record, so memory is bounded by
 * the largest one that `read` accepts. Throws `SourceError` on what is no record, and on a rest.
 */
export async function* records<T>(
  body: AsyncIterable<Buffer>,
  read: ReadRecord<T>,
  what: string,
): AsyncGenerator<T, void, undefined> {
  const pending = new Accumulator();
  let need = 1;
  for await (const piece of body) {
    pending.append(piece);
    while (pending.length >= need) {
      const step = tryRead(read, pending.view(), what);
      if ('need' in step) {
        need = step.need;
        break;
      }
      pending.skip(step.length);
      need = 1;
      yield step.record;
    }
  }
  if (pending.length > 0) throw broken(what, 'the answer is cut off');
}

function tryRead<T>(read: ReadRecord<T>, bytes: Buffer, what: string): Step<T> {
  try {
    return read(bytes);
  } catch (error) {
    throw broken(what, 'the answer holds what is no record', error);
  }
}
