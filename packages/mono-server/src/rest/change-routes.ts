import type { Hono } from 'hono';
import type { AppEnv } from '../http/context.js';
import type { ServerContext } from '../server-context.js';
import { clRoutes } from './cl-routes.js';
import { commitRoutes } from './commit-routes.js';
import { editRoutes } from './edit-routes.js';
import { tagRoutes } from './tag-routes.js';

/** What changes the monorepo, and what shows changes. */
export function changeRoutes(app: Hono<AppEnv>, context: ServerContext): void {
  commitRoutes(app, context);
  editRoutes(app, context);
  clRoutes(app, context);
  tagRoutes(app, context);
}
