import type { Antares } from '@scorpiofs/antares';
import { Hono } from 'hono';
import { Registry } from 'prom-client';
import { access, type Access } from './access.js';
import { failureAnswer } from './antares/answers.js';
import { antaresRoutes } from './antares/routes.js';
import { healthRoutes, readyRoutes, type HealthSource } from './health.js';
import { metricsRoutes, type Sample } from './metrics.js';
import { openApiRoutes } from './openapi.js';
import { requestId } from './request-id.js';
import { requestMetrics } from './request-metrics.js';
import { workspaceRoutes, type WorkspaceRefreshed } from './workspace.js';

export interface DaemonApp extends HealthSource {
  samples(): readonly Sample[] | Promise<readonly Sample[]>;
  /** A request failed for a reason that nobody has understood. */
  failed(error: unknown): void;
  /** The views; throws what requests about them are answered with while there are none. Absent: no such routes. */
  antares?(): Antares;
  /** Moves the workspace to the newest revision. Absent: there is none, and no such route. */
  refreshWorkspace?(): Promise<WorkspaceRefreshed>;
  /** Default: only requests from this host. */
  readonly access?: Access;
  /** Where the routes of views are: `/antares` (default), or at the root, whose `/health` is then theirs. */
  readonly antaresPrefix?: '/antares' | '';
}

/** The routes of a daemon. What is unknown is 404 with an empty body. */
export function daemonApp(daemon: DaemonApp): Hono {
  const requests = new Registry();
  const app = new Hono()
    .use(requestId())
    .use(requestMetrics(requests))
    .use(access(daemon.access ?? {}));
  const prefix = daemon.antaresPrefix ?? '/antares';
  if (daemon.antares !== undefined) {
    const antares = daemon.antares.bind(daemon);
    app.route(prefix === '' ? '/' : prefix, antaresRoutes(antares));
    app.route('/', openApiRoutes(daemon.version, prefix));
  }
  if (daemon.refreshWorkspace !== undefined)
    app.route('/', workspaceRoutes(daemon.refreshWorkspace.bind(daemon)));
  if (daemon.antares === undefined || prefix !== '') app.route('/', healthRoutes(daemon));
  return app
    .route('/', readyRoutes(daemon))
    .route(
      '/',
      metricsRoutes(() => daemon.samples(), requests),
    )
    .notFound((c) => c.body(null, 404))
    .onError((error, c) => {
      const answer = failureAnswer(c, error);
      if (answer !== undefined) return answer;
      daemon.failed(error);
      return c.json({ error: 'internal error', code: 'INTERNAL_ERROR' }, 500);
    });
}
