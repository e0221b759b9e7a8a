import type { Context } from 'hono';
import type { z } from 'zod';
import { BadPayload } from './bad-payload.js';
import { repeatedMember } from './repeated-member.js';

/** Bytes that a body may have. */
export const BODY_LIMIT = 2 * 1024 * 1024;

/** A request's body; checks run in the recorded order: type 415, size 413, syntax 400, shape 422 (spec 1.1). */
export async function jsonBody<T extends z.ZodObject>(c: Context, schema: T): Promise<z.infer<T>> {
  const type = (c.req.header('content-type') ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
  if (!/^application\/([^/\s]+\+)?json$/.test(type))
    throw new BadPayload(415, 'Expected request with `Content-Type: application/json`');
  const text = await bodyText(c);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const why = error instanceof Error ? error.message : '';
    throw new BadPayload(400, `Failed to parse the request body as JSON: ${why}`);
  }
  const twice = repeatedMember(text, Object.keys(schema.shape));
  if (twice !== undefined) throw misshapen(`duplicate field \`${twice}\``);
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const where = issue === undefined || issue.path.length === 0 ? '' : `${issue.path.join('.')}: `;
  throw misshapen(`${where}${issue?.message ?? 'wrong'}`);
}

function misshapen(why: string): BadPayload {
  return new BadPayload(422, `Failed to deserialize the JSON body into the target type: ${why}`);
}

async function bodyText(c: Context): Promise<string> {
  const tooLarge = () =>
    new BadPayload(413, 'Failed to buffer the request body: length limit exceeded');
  if (Number(c.req.header('content-length') ?? 0) > BODY_LIMIT) throw tooLarge();
  const chunks: Uint8Array[] = [];
  let length = 0;
  const body: AsyncIterable<Uint8Array> | null = c.req.raw.body;
  for await (const chunk of body ?? []) {
    length += chunk.length;
    if (length > BODY_LIMIT) throw tooLarge();
    chunks.push(chunk);
  }
  return decoded(Buffer.concat(chunks));
}

function decoded(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new BadPayload(
      400,
      'Failed to parse the request body as JSON: invalid unicode code point',
    );
  }
}
