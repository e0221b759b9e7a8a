import { Hono } from 'hono';
import { healthRoutes, type HealthSource } from './health.js';
import { metricsRoutes, type Sample } from './metrics.js';

export interface DaemonApp extends HealthSource {
  samples(): readonly Sample[];
  /** A request failed for a reason that nobody has understood. */
  failed(error: unknown): void;
}

/** The routes that every daemon has at its root. What is unknown is 404 with an empty body. */
export function daemonApp(daemon: DaemonApp): Hono {
  return new Hono()
    .route('/', healthRoutes(daemon))
    .route(
      '/',
      metricsRoutes(() => daemon.samples()),
    )
    .notFound((c) => c.body(null, 404))
    .onError((error, c) => {
      daemon.failed(error);
      return c.json({ error: 'internal error', code: 'INTERNAL_ERROR' }, 500);
    });
}
