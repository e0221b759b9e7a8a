import type { Hono } from 'hono';
import type { AppEnv, Handler } from './context.js';
import { sendBytes } from './reply.js';

type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';

/** Routes of one path; other methods are answered 405 with `Allow` (§1.1). GET answers HEAD, too. */
export function route(
  app: Hono<AppEnv>,
  path: string,
  handlers: Partial<Record<Method, Handler>>,
): void {
  const allowed: string[] = [];
  for (const [method, handler] of Object.entries(handlers)) {
    app.on(method, path, handler);
    allowed.push(method === 'GET' ? 'GET,HEAD' : method);
  }
  const allow = allowed.join(',');
  app.all(path, (c) => sendBytes(c, 405, { allow }, new Uint8Array()));
}
