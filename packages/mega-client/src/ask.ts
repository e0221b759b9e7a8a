import { SourceError, type RequestOptions } from '@scorpiofs/objects';
import type { LimitFunction } from 'p-limit';
import { exchange, type Answer, type Question } from './exchange.js';
import { byStatus, quote, tooLarge } from './failures.js';
import { orAborted } from './or-aborted.js';
import { AttemptError, parseRetryAfter, withRetry } from './retry.js';
import type { Slot, Wire } from './wire.js';

/** Which statuses, beside 200, the caller reads itself. */
export interface Asked extends Question {
  readonly slot: Slot;
  readonly accepts?: readonly number[];
}

/**
 * Asks until there is an answer with an acceptable status (C01: status first), with retry, time limit and slot, and hands
 * it to `read`, whose `AttemptError` counts as a failed attempt too.
 */
export async function ask<T>(
  wire: Wire,
  asked: Asked,
  read: (answer: Answer) => Promise<T>,
  options: RequestOptions = {},
): Promise<T> {
  const slot = wire.slots[asked.slot];
  const turn = slot(() => askNow(wire, asked, read, options));
  // In the queue nothing listens to the signal; once it runs, the request does.
  return await (slot.pendingCount > 0 ? orAborted(turn, options.signal) : turn);
}

/**
 * The same for an answer that goes on after `read`: its slot is held until the answer has left the wire, so that open
 * streams count as requests in flight.
 */
export async function askStream<T>(
  wire: Wire,
  asked: Asked,
  read: (answer: Answer) => Promise<T>,
  options: RequestOptions = {},
): Promise<T> {
  const occupied = occupy(wire.slots[asked.slot]);
  const free = await orAborted(occupied, options.signal).catch((error: unknown) => {
    // Its turn still comes, and must then be passed on.
    void occupied.then((pass) => pass());
    throw error;
  });
  let landed: Promise<void> = Promise.resolve();
  try {
    return await askNow(
      wire,
      asked,
      async (answer) => {
        ({ landed } = answer);
        return await read(answer);
      },
      options,
    );
  } finally {
    void landed.then(free);
  }
}

async function occupy(slot: LimitFunction): Promise<() => void> {
  return await new Promise((resolve) => {
    void slot(async () => await new Promise<void>((free) => resolve(free)));
  });
}

async function askNow<T>(
  wire: Wire,
  asked: Asked,
  read: (answer: Answer) => Promise<T>,
  { signal }: RequestOptions,
): Promise<T> {
  signal?.throwIfAborted();
  return await withRetry(
    wire.retry,
    async () => {
      try {
        const answer = await exchange(wire, asked, signal);
        if (answer.status !== 200 && !asked.accepts?.includes(answer.status))
          throw await failureOf(asked, answer);
        return await read(answer);
      } catch (error) {
        wire.counters.failed();
        // What a reader finds wrong in the answer may have been damaged on its way.
        if (error instanceof SourceError && error.kind === 'broken')
          throw new AttemptError(error, 'later');
        throw error;
      }
    },
    () => wire.counters.retried(),
    signal ? { signal } : {},
  );
}

/** The whole body; more than `limit` bytes are an error, and are not read. */
export async function collect(answer: Answer, what: string, limit: number): Promise<Buffer> {
  if (answer.size !== undefined && answer.size > limit) {
    answer.cancel();
    throw new AttemptError(tooLarge(what, limit), 'never');
  }
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of answer.body) {
    length += piece.length;
    // Leaving the loop ends the request.
    if (length > limit) throw new AttemptError(tooLarge(what, limit), 'never');
    pieces.push(piece);
  }
  return pieces.length === 1 && pieces[0] ? pieces[0] : Buffer.concat(pieces, length);
}

const DETAIL_LIMIT = 64 * 1024;

/** A failure need not be JSON (mega: 1.1): its words are taken from an envelope or as they are. */
async function failureOf(asked: Asked, answer: Answer): Promise<AttemptError> {
  const { status } = answer;
  const said = await wordsOf(asked.path, answer);
  const failure = byStatus(asked.path, status, said);
  const later = status === 408 || status === 429 || status >= 500 || (status === 404 && !said.own);
  const header = answer.headers['retry-after'];
  const after = parseRetryAfter(typeof header === 'string' ? header : undefined);
  return new AttemptError(failure, later ? 'later' : 'never', after);
}

interface Words {
  readonly detail: string;
  /** The server's wrapper, or nothing at all as old servers did (C16). */
  readonly own: boolean;
}

async function wordsOf(what: string, answer: Answer): Promise<Words> {
  const location = answer.headers['location'];
  if (answer.status >= 300 && answer.status < 400 && typeof location === 'string') {
    answer.cancel();
    const where = `redirects to ${quote(location)}, which is not followed`;
    return { detail: `${where}: correct the server's address`, own: false };
  }
  try {
    const text = (await collect(answer, what, DETAIL_LIMIT)).toString();
    const message = messageIn(text);
    return { detail: message ?? text, own: message !== undefined || text === '' };
  } catch (error) {
    // The status is the failure; a body that breaks as well adds nothing, except when the caller ended it.
    if (error instanceof AttemptError) return { detail: '', own: false };
    throw error;
  }
}

function messageIn(text: string): string | undefined {
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed !== 'object' || parsed === null || !('err_message' in parsed))
      return undefined;
    return typeof parsed.err_message === 'string' ? parsed.err_message : undefined;
  } catch {
    return undefined;
  }
}
