import type { BlobStream, Oid, RequestOptions } from '@scorpiofs/objects';
import { ask, askStream, collect } from './ask.js';
import { AttemptError } from './retry.js';
import type { Question } from './exchange.js';
import type { Wire } from './wire.js';

export function blobPath(oid: Oid): string {
  return `/api/v1/file/blob/${oid}`;
}

/**
 * One blob as a stream (mega: 1.8). Retried until its first byte; a failure after that goes to the reader, who knows what
 * to do with the half that it has. Not verified: whoever stores it does that, once.
 */
export async function blobStream(
  wire: Wire,
  oid: Oid,
  options: RequestOptions,
): Promise<BlobStream> {
  return await askStream(
    wire,
    { ...question(wire, oid), slot: 'content' },
    async ({ size, body }) => {
      const stream: BlobStream = { [Symbol.asyncIterator]: () => plainErrors(body) };
      return size === undefined ? stream : { ...stream, size };
    },
    options,
  );
}

/** One blob in memory; more than `limit` bytes are refused. */
export async function blobBytes(
  wire: Wire,
  oid: Oid,
  limit: number,
  options: RequestOptions,
): Promise<Uint8Array> {
  return await ask(
    wire,
    { ...question(wire, oid), slot: 'content' },
    (answer) => collect(answer, blobPath(oid), limit),
    options,
  );
}

function question(wire: Wire, oid: Oid): Question {
  return {
    kind: 'blob',
    method: 'GET',
    path: blobPath(oid),
    limit: { idle: wire.limits.idle },
    accept: 'application/octet-stream',
  };
}

/** Outside of a retry loop the failure itself is thrown. */
export async function* plainErrors(
  body: AsyncGenerator<Buffer, void, undefined>,
): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    yield* body;
  } catch (error) {
    throw error instanceof AttemptError ? error.failure : error;
  }
}
