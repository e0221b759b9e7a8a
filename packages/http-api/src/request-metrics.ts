import type { MiddlewareHandler } from 'hono';
import { matchedRoutes } from 'hono/route';
import { Histogram, type Registry } from 'prom-client';

/** From what a warm create takes up to its limit of 120 s. */
const BUCKETS = [0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 30, 120];
const METHODS = new Set(['GET', 'HEAD', 'POST', 'DELETE']);

/**
 * Counts and times requests, so creates (`POST …/mounts`) and deletes. Labels are routes, never what a caller writes: their number is bounded.
 */
export function requestMetrics(registry: Registry): MiddlewareHandler {
  const histogram = new Histogram({
    name: 'scorpio_http_request_duration_seconds',
    help: 'Requests by route, and how long their answers took.',
    labelNames: ['method', 'route', 'status'],
    buckets: BUCKETS,
    registers: [registry],
  });
  return async (c, next) => {
    const began = performance.now();
    await next();
    const route = matchedRoutes(c).findLast(({ path }) => !path.endsWith('*'))?.path ?? 'unknown';
    const method = METHODS.has(c.req.method) ? c.req.method : 'other';
    const labels = { method, route, status: String(c.res.status) };
    histogram.observe(labels, (performance.now() - began) / 1000);
  };
}
