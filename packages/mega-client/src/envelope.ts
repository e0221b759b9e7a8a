import type { RequestOptions } from '@scorpiofs/objects';
import { z } from 'zod';
import { ask, collect, type Asked } from './ask.js';
import { broken, quote, refused } from './failures.js';
import { AttemptError } from './retry.js';
import type { Wire } from './wire.js';

/** A directory of 100,000 entries takes about 12 MB (mega: 1.6: nothing paginates). */
const JSON_LIMIT = 64 * 1024 * 1024;

const envelope = z.object({
  req_result: z.boolean(),
  data: z.unknown(),
  err_message: z.string().optional(),
});

/** A question whose answer is JSON of the given shape. */
export async function askJson<T>(
  wire: Wire,
  asked: Asked,
  schema: z.ZodType<T>,
  options?: RequestOptions,
): Promise<T> {
  return await ask(
    wire,
    asked,
    async (answer) => parse(asked.path, await collect(answer, asked.path, JSON_LIMIT), schema),
    options,
  );
}

/** The same in the server's wrapper (mega: 1.1): HTTP status first, `req_result` second (C01). */
export async function askEnveloped<T>(
  wire: Wire,
  asked: Asked,
  schema: z.ZodType<T>,
  options?: RequestOptions,
): Promise<T> {
  return await ask(
    wire,
    asked,
    async (answer) => {
      const outer = parse(asked.path, await collect(answer, asked.path, JSON_LIMIT), envelope);
      if (!outer.req_result) {
        const why = `the server refuses: ${quote(outer.err_message ?? '')}`;
        throw new AttemptError(refused(asked.path, why), 'never');
      }
      return check(asked.path, outer.data, schema);
    },
    options,
  );
}

function parse<T>(what: string, body: Buffer, schema: z.ZodType<T>): T {
  let value: unknown;
  try {
    value = JSON.parse(body.toString());
  } catch (error) {
    throw new AttemptError(broken(what, 'the answer is not JSON', error), 'later');
  }
  return check(what, value, schema);
}

function check<T>(what: string, value: unknown, schema: z.ZodType<T>): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const where = issue ? `${issue.path.map(String).join('.')}: ${issue.message}` : 'unknown';
  const why = `the answer has another shape than expected (${quote(where)})`;
  throw new AttemptError(broken(what, why, result.error), 'never');
}
