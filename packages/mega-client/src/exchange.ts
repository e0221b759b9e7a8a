import type { SourceError } from '@scorpiofs/objects';
import type { Request } from 'got';
import { setMaxListeners } from 'node:events';
import { createGunzip } from 'node:zlib';
import type { RequestKind } from './counters.js';
import { broken, closed, errorCode, timedOut, unreachable } from './failures.js';
import { AttemptError } from './retry.js';
import type { Wire } from './wire.js';

export interface Question {
  readonly kind: RequestKind;
  readonly method: 'GET' | 'HEAD' | 'POST';
  /** Below the base address, with a leading slash, encoded. */
  readonly path: string;
  /** JSON text of a POST. */
  readonly json?: string;
  /** Milliseconds: `total` from the request to the end of the answer, `idle` between two pieces of it. */
  readonly limit: { readonly total: number } | { readonly idle: number };
  /** Whether a compressed answer is welcome; contents come as they are, so that their length is told. */
  readonly compressible?: boolean;
  readonly accept?: string;
  /** An address that the server named, instead of `path` below its own. Another host gets none of the client's headers. */
  readonly elsewhere?: {
    readonly url: string;
    readonly own: boolean;
    readonly headers: Readonly<Record<string, string>>;
  };
}

/** The head of an answer, and its body to be read once; whoever does not read it to the end must `cancel` it. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Length of the body as it will be read, where it is known. */
  readonly size: number | undefined;
  readonly body: AsyncGenerator<Buffer, void, undefined>;
  cancel(): void;
  /** Settles when nothing of it is on the wire any more, however it ended; never rejects. */
  readonly landed: Promise<void>;
}

/**
 * One request on the wire, without retry. Rejects with `AttemptError`, or with the signal's reason; aborting closes the
 * socket, also while the body is being read.
 */
export async function exchange(
  wire: Wire,
  question: Question,
  signal?: AbortSignal,
): Promise<Answer> {
  signal?.throwIfAborted();
  if (wire.closing.signal.aborted) throw closed(question.path);
  const flight = new Flight(wire, question, signal);
  try {
    return await flight.answer();
  } catch (error) {
    flight.land();
    throw error;
  }
}

/** What lives as long as one request: its time limit, its listeners, and the reason why it was ended from this side. */
class Flight {
  readonly #wire: Wire;
  readonly #question: Question;
  readonly #signal: AbortSignal | undefined;
  readonly #stream: Request;
  #timer: NodeJS.Timeout | undefined;
  #settle: () => void = () => {};
  readonly #landed = new Promise<void>((resolve) => {
    this.#settle = resolve;
  });
  #ended: { readonly error: unknown } | undefined;
  readonly #onAbort = () => this.#end(this.#signal?.reason);
  readonly #onClosing = () => this.#end(closed(this.#question.path));

  constructor(wire: Wire, question: Question, signal: AbortSignal | undefined) {
    this.#wire = wire;
    this.#question = question;
    this.#signal = signal;
    const { method, json } = question;
    wire.counters.sent(question.kind, json === undefined ? 0 : Buffer.byteLength(json));
    const { elsewhere } = question;
    this.#stream = wire.http.stream(elsewhere?.url ?? wire.baseUrl + question.path, {
      method,
      headers: {
        ...(elsewhere?.own === false && withheld(wire)),
        ...elsewhere?.headers,
        'accept-encoding': question.compressible && wire.compress ? 'gzip' : 'identity',
        ...(question.accept === undefined ? {} : { accept: question.accept }),
        ...(json === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(json === undefined ? {} : { body: json }),
    });
    this.#watch(signal, this.#onAbort);
    this.#watch(wire.closing.signal, this.#onClosing);
    const { limit } = question;
    if ('total' in limit) this.#arm('answer', limit.total);
    else this.#arm('first byte', limit.idle);
  }

  async answer(): Promise<Answer> {
    const response = await new Promise<Request['response']>((resolve, reject) => {
      this.#stream.once('error', (error) => reject(this.#explain(error, 'before')));
      this.#stream.once('response', resolve);
    });
    if (!response) throw new AttemptError(broken(this.#question.path, 'no answer'), 'later');
    const { headers, statusCode: status } = response;
    const length = headers['content-length'];
    const declared = length === undefined ? undefined : Number(length);
    const encoding = headers['content-encoding'] ?? 'identity';
    const size = encoding === 'identity' ? declared : undefined;
    if (this.#question.method === 'HEAD') {
      await this.#drainHead();
      return { status, headers, size, body: nothing(), cancel: () => {}, landed: this.#landed };
    }
    if ('idle' in this.#question.limit) {
      // An answer that nobody begins to read would hold its socket for ever.
      this.#arm('reader', this.#question.limit.idle);
    }
    const raw = this.#read(declared);
    return {
      status,
      headers,
      size,
      body: encoding === 'identity' ? raw : this.#decode(raw, encoding),
      cancel: () => this.#end(new Error('not wanted')),
      landed: this.#landed,
    };
  }

  /** Ends whatever is left; harmless when the answer was read to its end. */
  land(): void {
    clearTimeout(this.#timer);
    this.#signal?.removeEventListener('abort', this.#onAbort);
    this.#wire.closing.signal.removeEventListener('abort', this.#onClosing);
    this.#settle();
  }

  async #drainHead(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#stream.once('end', resolve);
      this.#stream.once('error', (error) => reject(this.#explain(error, 'within')));
      this.#stream.resume();
    });
    this.land();
  }

  async *#read(declared: number | undefined): AsyncGenerator<Buffer, void, undefined> {
    const { kind, limit, path } = this.#question;
    const pieces: AsyncIterator<Buffer> = this.#stream[Symbol.asyncIterator]();
    let received = 0;
    let whole = false;
    try {
      for (;;) {
        // Only waiting is limited: a reader may take its time between two pieces.
        if ('idle' in limit) this.#arm('further byte', limit.idle);
        const next = await pieces.next();
        if ('idle' in limit) clearTimeout(this.#timer);
        if (next.done) break;
        received += next.value.length;
        this.#wire.counters.received(kind, next.value.length);
        yield next.value;
      }
      if (declared !== undefined && declared !== received) {
        const why = `the body ended after ${received} of ${declared} bytes`;
        throw new AttemptError(broken(path, why), 'later');
      }
      whole = true;
    } catch (error) {
      throw this.#explain(error, 'within');
    } finally {
      if (!whole) this.#end(new Error('not wanted'));
      this.land();
    }
  }

  async *#decode(
    raw: AsyncGenerator<Buffer, void, undefined>,
    encoding: string,
  ): AsyncGenerator<Buffer, void, undefined> {
    const { path } = this.#question;
    if (encoding !== 'gzip') {
      await raw.return();
      throw new AttemptError(
        broken(path, `content encoding ${encoding} was not asked for`),
        'never',
      );
    }
    const gunzip = createGunzip();
    const feeding = feed(raw, gunzip);
    try {
      for await (const piece of gunzip) yield piece as Buffer;
      await feeding;
    } catch (error) {
      // The feeder's own failure comes through the decompressor; what else fails there is the data.
      throw error instanceof AttemptError || this.#ended
        ? this.#explain(error, 'within')
        : new AttemptError(broken(path, 'the body does not decompress', error), 'later');
    } finally {
      gunzip.destroy();
      await raw.return();
    }
  }

  #watch(signal: AbortSignal | undefined, listener: () => void): void {
    if (!signal) return;
    // One signal stands behind hundreds of requests here; Node warns of a leak above ten.
    setMaxListeners(0, signal);
    signal.addEventListener('abort', listener, { once: true });
  }

  #arm(phase: string, limit: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      const failure = timedOut(this.#question.path, phase, limit);
      this.#end(new AttemptError(failure, 'later'));
    }, limit);
  }

  #end(error: unknown): void {
    this.#ended ??= { error };
    this.#stream.destroy(new Error('ended'));
    this.land();
  }

  /** What the caller is told: why this side ended it, or what the network said. */
  #explain(error: unknown, when: 'before' | 'within'): unknown {
    if (this.#ended) return this.#ended.error;
    if (error instanceof AttemptError) return error;
    const failure = this.#translate(error, when);
    // A pooled connection that the server had closed in the meantime says nothing about the question.
    const stale =
      when === 'before' && this.#stream.reusedSocket && errorCode(error) === 'ECONNRESET';
    return new AttemptError(failure, stale ? 'now' : 'later');
  }

  #translate(error: unknown, when: 'before' | 'within'): SourceError {
    const { path } = this.#question;
    const code = errorCode(error);
    if (when === 'within') return broken(path, 'the connection ended within the body', bare(error));
    if (code?.startsWith('HPE_')) return broken(path, `not HTTP (${code})`, bare(error));
    return unreachable(path, bare(error));
  }
}

/** fs: M-05. The library's errors hold the request, its headers and so the token: printed, they would show it. */
function bare(error: unknown): Error {
  const code = errorCode(error);
  const plain = new Error(error instanceof Error ? error.message : String(error));
  return code === undefined ? plain : Object.assign(plain, { code });
}

/** D8: a token is for the server it was given for. */
function withheld(wire: Wire): Record<string, undefined> {
  const names = ['authorization', ...Object.keys(wire.headers)];
  return Object.fromEntries(names.map((name) => [name.toLowerCase(), undefined]));
}

async function* nothing(): AsyncGenerator<Buffer, void, undefined> {
  // A HEAD has no body.
}

async function feed(
  raw: AsyncGenerator<Buffer, void, undefined>,
  gunzip: ReturnType<typeof createGunzip>,
): Promise<void> {
  try {
    for await (const piece of raw) {
      if (gunzip.destroyed) return;
      if (!gunzip.write(piece)) await drained(gunzip);
    }
    gunzip.end();
  } catch (error) {
    gunzip.destroy(error instanceof Error ? error : new Error(String(error)));
  }
}

async function drained(gunzip: ReturnType<typeof createGunzip>): Promise<void> {
  await new Promise<void>((resolve) => {
    const done = () => {
      gunzip.off('drain', done);
      gunzip.off('close', done);
      resolve();
    };
    gunzip.once('drain', done);
    gunzip.once('close', done);
  });
}
