import type { ServerResponse } from 'node:http';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import type { Ctx } from './context.js';
import { truncation } from '../faults/truncation.js';

export type Headers = Readonly<Record<string, string>>;

/**
 * Answers are written to Node's response directly: exact `Content-Length` for GET and HEAD alike, no content type where the
 * original sends none, and bulk bodies without a detour through web streams.
 */
export function sendBytes(c: Ctx, status: number, headers: Headers, body: Uint8Array): Response {
  const out = c.env.outgoing;
  out.writeHead(status, { ...headers, 'content-length': String(body.length) });
  if (c.env.incoming.method === 'HEAD') out.end();
  else {
    const cut = truncation.get(out);
    if (cut === undefined || cut >= body.length) out.end(body);
    else out.write(body.subarray(0, cut), () => out.destroy());
  }
  return RESPONSE_ALREADY_SENT;
}

export function sendJson(c: Ctx, status: number, value: unknown): Response {
  const type = { 'content-type': 'application/json' };
  return sendBytes(c, status, type, Buffer.from(JSON.stringify(value)));
}

/** `{req_result, data, err_message}` of §1.1. */
export function sendData(c: Ctx, data: unknown): Response {
  return sendJson(c, 200, { req_result: true, data, err_message: '' });
}

export function sendFailure(c: Ctx, status: number, message: string): Response {
  return sendJson(c, status, { req_result: false, data: null, err_message: message });
}

/** A body of unknown or great length, written at the reader's pace. */
export class BodyWriter {
  readonly #out: ServerResponse;
  readonly #head: boolean;
  #left: number;

  constructor(c: Ctx, status: number, headers: Headers) {
    this.#out = c.env.outgoing;
    this.#head = c.env.incoming.method === 'HEAD';
    this.#left = truncation.get(this.#out) ?? Infinity;
    this.#out.writeHead(status, headers);
  }

  get isHead(): boolean {
    return this.#head;
  }

  /** The reader went away; what is written now goes nowhere. */
  get closed(): boolean {
    return this.#out.destroyed || this.#out.writableEnded;
  }

  /** Resolves to false when the reader is gone. Chunks must not be changed afterwards. */
  async write(chunk: Uint8Array): Promise<boolean> {
    if (this.#head) return true;
    if (this.closed) return false;
    if (chunk.length > this.#left) {
      const out = this.#out;
      out.write(chunk.subarray(0, this.#left), () => out.destroy());
      this.#left = 0;
      return false;
    }
    this.#left -= chunk.length;
    if (this.#out.write(chunk)) return true;
    await drained(this.#out);
    return !this.closed;
  }

  end(): Response {
    if (!this.closed) this.#out.end();
    return RESPONSE_ALREADY_SENT;
  }

  /** Ends in the middle: the only honest way to report a failure once the body has begun. */
  abort(): Response {
    this.#out.destroy();
    return RESPONSE_ALREADY_SENT;
  }
}

/** Resolves when more may be written, or nothing will be read any more. */
function drained(out: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      out.off('drain', done);
      out.off('close', done);
      resolve();
    };
    out.on('drain', done);
    out.on('close', done);
  });
}
