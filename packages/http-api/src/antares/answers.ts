import { AntaresError, type AntaresCode } from '@scorpiofs/antares';
import type { Context } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { BadPayload } from '../bad-payload.js';

const STATUS: Readonly<Record<AntaresCode, ContentfulStatusCode>> = {
  INVALID_REQUEST: 400,
  NOT_FOUND: 404,
  FUSE_ERROR: 500,
  INTERNAL_ERROR: 500,
  STATE_FILE: 500,
  SHUTDOWN: 503,
  STARTING: 503,
  BUSY: 409,
  LOCKED: 409,
  CONFLICT: 409,
  TOO_MANY_MOUNTS: 429,
};

/** The answer for a failure that is understood; undefined for any other. */
export function failureAnswer(c: Context, error: unknown): Response | undefined {
  if (error instanceof BadPayload)
    return c.json({ error: error.message, code: 'BAD_PAYLOAD' }, error.status);
  if (!(error instanceof AntaresError)) return undefined;
  const { message, code, details } = error;
  // Exactly `error` and `code` (H-16), except for codes that 0.2.x does not have.
  return c.json({ error: message, code, ...details }, STATUS[code]);
}
