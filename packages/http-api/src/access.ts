import { createHash, timingSafeEqual } from 'node:crypto';
import type { Context, MiddlewareHandler } from 'hono';
import { isLocal, isOwnHost } from './caller.js';

export interface Access {
  /** Bearer token that opens everything. */
  readonly token?: string | undefined;
  /** Other hosts need no token. */
  readonly allowRemote?: boolean | undefined;
}

const OPEN = new Set(['/health', '/ready']);

/** Who is served (D8, §7). Refused requests have no side effect. */
export function access({ token, allowRemote = false }: Access): MiddlewareHandler {
  return async (c, next) => {
    if (OPEN.has(c.req.path)) return await next();
    if (token !== undefined && carries(c, token)) return await next();
    const refusal = reasonAgainst(c, token, allowRemote);
    if (refusal === undefined) return await next();
    const { status, error } = refusal;
    return c.json({ error, code: status === 401 ? 'UNAUTHORIZED' : 'FORBIDDEN' }, status);
  };
}

interface Refusal {
  readonly status: 401 | 403;
  readonly error: string;
}

function reasonAgainst(
  c: Context,
  token: string | undefined,
  allowRemote: boolean,
): Refusal | undefined {
  if (!isLocal(c) && !allowRemote)
    return token === undefined
      ? {
          status: 403,
          error:
            'requests from other hosts are not served: set http_token, or http_allow_remote = true behind a proxy that checks',
        }
      : { status: 401, error: 'a request from another host needs the bearer token of http_token' };
  const origin = c.req.header('origin');
  const host = c.req.header('host');
  if (origin !== undefined && !isSame(origin, host))
    return { status: 403, error: `the page of ${origin.slice(0, 200)} may not use this API` };
  if (!allowRemote && host !== undefined && host !== '' && !isOwnHost(host))
    return { status: 403, error: `${host.slice(0, 200)} is no name of this host` };
  return undefined;
}

function isSame(origin: string, host: string | undefined): boolean {
  return URL.canParse(origin) && new URL(origin).host === host;
}

function carries(c: Context, token: string): boolean {
  const given = /^Bearer (.*)$/i.exec(c.req.header('authorization') ?? '')?.[1];
  if (given === undefined) return false;
  // Digests have one length, so the comparison tells nothing about the token.
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(token));
}
