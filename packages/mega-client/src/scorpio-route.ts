import { z } from 'zod';
import { collect, type Asked } from './ask.js';
import type { Answer } from './exchange.js';
import { byStatus } from './failures.js';
import { AttemptError } from './retry.js';

/** Statuses with which a server, or a proxy before it, shows that it has no such route or takes no POST there. */
export const NO_ROUTE = [403, 404, 405, 415, 501];

const DETAIL_LIMIT = 64 * 1024;

const envelope = z.object({ req_result: z.literal(false), err_message: z.string() });

/**
 * Whether an answer of an extension route is one: 200 with the route's content type. Everything a server without the
 * extension says (mega: M03: 404, plain text; a proxy's page) is false and no failure. A 404 in the server's wrapper is an
 * answer of the route: what was asked for does not exist.
 */
export async function isExtension(
  asked: Pick<Asked, 'path'>,
  answer: Answer,
  type: string,
): Promise<boolean> {
  const { status, headers } = answer;
  const given = headers['content-type'];
  if (status === 200 && typeof given === 'string' && given.startsWith(type)) return true;
  if (status !== 404) {
    answer.cancel();
    return false;
  }
  const said = envelope.safeParse(parse(await collect(answer, asked.path, DETAIL_LIMIT)));
  if (!said.success) return false;
  throw new AttemptError(byStatus(asked.path, status, { detail: said.data.err_message }), 'never');
}

function parse(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString());
  } catch {
    return undefined;
  }
}
