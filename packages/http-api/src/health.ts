import { Hono } from 'hono';

export interface HealthSource {
  readonly version: string;
  /** Workspaces that the daemon has records of; null while that cannot be said without waiting. */
  mountCount(): number | null;
  /** Why the daemon cannot serve yet, in words without paths; undefined when its first listing is served. */
  notReady(): string | undefined;
}

/** `GET /health`: the process answers. No network, no file system, no path in the payload (spec §5). */
export function healthRoutes(source: HealthSource): Hono {
  const started = performance.now();
  return new Hono()
    .get('/health', (c) =>
      c.json({
        status: 'ok',
        version: source.version,
        uptime_secs: Math.floor((performance.now() - started) / 1000),
        mount_count: source.mountCount(),
      }),
    )
    .all('/health', (c) => c.body(null, 405, { allow: 'GET,HEAD' }));
}

/** `GET /ready`: what was asked for is served (K-35); until then 503 with the reason. */
export function readyRoutes(source: HealthSource): Hono {
  return new Hono().get('/ready', (c) => {
    const reason = source.notReady();
    return reason === undefined ? c.json({ ready: true }) : c.json({ ready: false, reason }, 503);
  });
}
