import { randomUUID } from 'node:crypto';
import type { MiddlewareHandler } from 'hono';

/** Every answer has `x-request-id`: the caller's where it is well-formed, else a new one (W-69). */
export function requestId(): MiddlewareHandler {
  return async (c, next) => {
    const given = c.req.header('x-request-id') ?? '';
    const id = /^[A-Za-z0-9._-]{1,128}$/.test(given) ? given : randomUUID();
    await next();
    c.res.headers.set('x-request-id', id);
  };
}
