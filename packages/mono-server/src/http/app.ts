import { Hono } from 'hono';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { UnknownRevision } from '../mono/snapshot.js';
import { truncation } from '../faults/truncation.js';
import { readRoutes } from '../rest/read-routes.js';
import { scorpioRoutes } from '../scorpio/scorpio-routes.js';
import type { ServerContext } from '../server-context.js';
import { gitRoutes } from '../git-http/git-routes.js';
import { lfsRoutes } from '../lfs/lfs-routes.js';
import { changeRoutes } from '../rest/change-routes.js';
import type { AppEnv, Ctx } from './context.js';
import { HttpFailure, PlainFailure } from './failure.js';
import { sendBytes, sendFailure } from './reply.js';
import { rawPath } from './raw-path.js';
import { requestId } from './request-id.js';

/** Routes by id, and those that say nothing about the repository. */
const TIMELESS =
  /^\/api\/v1\/(?:file\/blob\/|scorpio\/(?:blobs|sizes|capabilities|faults)|lfs\/|status$)|\/info\/lfs\//;

const NOTHING = new Uint8Array();
const LFS_OUTSIDE_API = /\/info\/lfs\//;

/** All routes, with what holds for every answer: common headers (§1.2), faults, failures (§1.1, §1.3). */
export function createApp(context: ServerContext): Hono<AppEnv> {
  const app = new Hono<AppEnv>();
  app.use(async (c, next) => {
    const out = c.env.outgoing;
    const path = rawPath(c);
    if (path === '/') return sendBytes(c, 404, {}, NOTHING);
    if (!LFS_OUTSIDE_API.test(path) || path.startsWith('/api/v1/')) {
      out.setHeader('vary', 'origin');
      out.setHeader('access-control-allow-credentials', 'true');
      out.setHeader('access-control-expose-headers', 'x-request-id');
      out.setHeader('x-request-id', requestId(c.env.incoming));
    }
    if (!path.startsWith('/api/v1/scorpio/faults'))
      for (const rule of context.faults.meet(c.env.incoming.method ?? '', path)) {
        if (rule.kind === 'delay') await context.faults.delay(rule.ms);
        else if (rule.kind === 'truncate') truncation.set(out, rule.bytes);
        else if (rule.kind === 'status')
          return sendFailure(c, rule.status, 'Internal server error');
        else {
          c.env.incoming.socket.destroy();
          return RESPONSE_ALREADY_SENT;
        }
      }
    if (!TIMELESS.test(path)) await context.follower.check();
    await next();
  });
  readRoutes(app, context);
  changeRoutes(app, context);
  scorpioRoutes(app, context);
  lfsRoutes(app, context);
  gitRoutes(app, context);
  app.onError((error, c) => answerError(context, error, c));
  return app;
}

function answerError(context: ServerContext, error: Error, c: Ctx): Response {
  const out = c.env.outgoing;
  if (out.headersSent) {
    out.destroy();
    return RESPONSE_ALREADY_SENT;
  }
  if (error instanceof PlainFailure) {
    const type = error.message === '' ? {} : { 'content-type': 'text/plain; charset=utf-8' };
    return sendBytes(c, error.status, { ...type, ...error.headers }, Buffer.from(error.message));
  }
  if (error instanceof HttpFailure && (error.status < 500 || error.status === 503))
    return sendFailure(c, error.status, error.message);
  const expected = error instanceof UnknownRevision || error instanceof HttpFailure;
  context.options.onEvent?.({
    level: expected ? 'info' : 'error',
    event: 'request_failed',
    method: c.env.incoming.method,
    path: rawPath(c),
    error: error.message,
  });
  return sendFailure(c, 500, 'Internal server error');
}
