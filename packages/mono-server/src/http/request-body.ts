import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import type { z } from 'zod';
import type { Ctx } from './context.js';
import { PlainFailure } from './failure.js';

/** The original's framework stops JSON bodies here (§1.1). */
export const JSON_LIMIT = 2 * 1024 * 1024;

/** The request's body, decompressed. zstd, which the original also takes, needs a newer Node and is refused like any unknown coding. */
export function bodyStream(incoming: IncomingMessage): Readable {
  const coding = incoming.headers['content-encoding'] ?? 'identity';
  switch (coding) {
    case 'identity':
      return incoming;
    case 'gzip':
    case 'x-gzip':
      return decoded(incoming, createGunzip());
    case 'deflate':
      return decoded(incoming, createInflate());
    case 'br':
      return decoded(incoming, createBrotliDecompress());
    default:
      throw new PlainFailure(415, '');
  }
}

function decoded(
  incoming: IncomingMessage,
  decoder: ReturnType<typeof createGunzip | typeof createInflate | typeof createBrotliDecompress>,
): Readable {
  incoming.once('error', (error) => decoder.destroy(error));
  incoming.once('close', () => {
    if (!incoming.complete) decoder.destroy(new Error('the request was cut off'));
  });
  return incoming.pipe(decoder);
}

export async function readBody(incoming: IncomingMessage, limit: number): Promise<Buffer> {
  const declared = Number(incoming.headers['content-length'] ?? 0);
  if (declared > limit)
    throw new PlainFailure(413, 'length limit exceeded', { connection: 'close' });
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of bodyStream(incoming) as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > limit)
        throw new PlainFailure(413, 'length limit exceeded', { connection: 'close' });
      chunks.push(chunk);
    }
  } catch (error) {
    if (error instanceof PlainFailure) throw error;
    throw new PlainFailure(400, 'Failed to read the request body');
  }
  return Buffer.concat(chunks);
}

const PREFIX = 'Failed to deserialize the JSON body into the target type';

/** A JSON body of a given shape; failures as in §1.1: 415 type, 413 size, 400 syntax, 422 shape. */
export async function readJson<T>(
  c: Ctx,
  schema: z.ZodType<T>,
  types: RegExp = /^application\/([\w.-]+\+)?json\b/i,
): Promise<T> {
  if (!types.test(c.env.incoming.headers['content-type'] ?? ''))
    throw new PlainFailure(415, 'Expected request with `Content-Type: application/json`');
  const body = await readBody(c.env.incoming, JSON_LIMIT);
  let json: unknown;
  try {
    json = JSON.parse(body.toString('utf8'));
  } catch (error) {
    throw new PlainFailure(400, `Failed to parse the request body as JSON: ${messageOf(error)}`);
  }
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new PlainFailure(422, `${PREFIX}: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
