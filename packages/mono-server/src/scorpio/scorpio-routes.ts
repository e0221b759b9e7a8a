import type { Hono } from 'hono';
import type { AppEnv } from '../http/context.js';
import { route } from '../http/routes.js';
import type { ServerContext } from '../server-context.js';
import { postBlobs } from './blobs.js';
import { getCapabilities } from './capabilities.js';
import { faultHandlers } from './fault-api.js';
import { postSizes } from './sizes.js';
import { postTrees } from './trees.js';

/** What this server offers beyond Mega. */
export function scorpioRoutes(app: Hono<AppEnv>, context: ServerContext): void {
  if (context.options.extension !== false) {
    route(app, '/api/v1/scorpio/capabilities', { GET: getCapabilities });
    route(app, '/api/v1/scorpio/trees', { POST: postTrees(context) });
    route(app, '/api/v1/scorpio/sizes', { POST: postSizes(context) });
    route(app, '/api/v1/scorpio/blobs', { POST: postBlobs(context) });
  }
  if (context.options.faultApi === true)
    route(app, '/api/v1/scorpio/faults', faultHandlers(context));
}
