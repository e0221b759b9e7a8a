import type { Antares, MountStatus, Orphan } from '@scorpiofs/antares';
import { Hono, type Context } from 'hono';
import { streamSSE } from 'hono/streaming';
import { BadPayload } from '../bad-payload.js';
import { isLocal } from '../caller.js';
import { jsonBody } from '../json-body.js';
import { parseMountId, pathSegment } from '../mount-id.js';
import { buildClRequest, createRequest, pruneRequest, refreshRequest } from './schemas.js';

/** Seconds between two signs of life of an event stream. */
const BEAT_MS = 15_000;

function idOf(c: Context): string {
  return parseMountId(pathSegment(c.req.url, 'mounts', 'mount_id'));
}

function jobOf(c: Context): string {
  return pathSegment(c.req.url, 'by-job', 'job_id');
}

/** `?keep=true`: what the job wrote stays (`umount` without `--purge`). */
function keepOf(c: Context): { keep: boolean } {
  return { keep: c.req.query('keep') === 'true' };
}

/** A known path with another method: empty, with what is allowed, written as 0.2.x does. */
function only(allow: string) {
  return (c: Context): Response => c.body(null, 405, { allow });
}

/** R2–R11, and what is new. `antares` gives the manager, or throws what a request is answered with while there is none. */
export function antaresRoutes(antares: () => Antares): Hono {
  return new Hono()
    .get('/health', (c) => {
      const manager = antares();
      const mounts = manager.list();
      return c.json({
        status: manager.health,
        mount_count: mounts.length,
        uptime_secs: manager.uptimeSeconds,
      });
    })
    .all('/health', only('GET,HEAD'))
    .post('/mounts', async (c) => {
      const request = await jsonBody(c, createRequest);
      if (typeof request.mountpoint === 'string' && !isLocal(c))
        throw new BadPayload(422, '`mountpoint` is for callers on this host');
      const { mount_id, mountpoint } = await antares().create(request);
      return c.json({ mount_id, mountpoint });
    })
    .get('/mounts', (c) => c.json({ mounts: antares().list() }))
    .all('/mounts', only('POST,GET,HEAD'))
    .post('/prune', async (c) => {
      const { older_than_ms, dry_run } = await jsonBody(c, pruneRequest);
      const dryRun = dry_run ?? false;
      const found = await antares().prune({ olderThanMs: older_than_ms ?? undefined, dryRun });
      return c.json({ dry_run: dryRun, directories: found.map(directory) });
    })
    .all('/prune', only('POST'))
    .get('/mounts/by-job/:job', (c) => c.json(antares().describeJob(jobOf(c))))
    .delete('/mounts/by-job/:job', async (c) =>
      c.json(await antares().deleteJob(jobOf(c), keepOf(c))),
    )
    .all('/mounts/by-job/:job', only('GET,HEAD,DELETE'))
    .get('/mounts/:id', (c) => c.json(antares().describe(idOf(c))))
    .delete('/mounts/:id', async (c) => c.json(await antares().delete(idOf(c), keepOf(c))))
    .all('/mounts/:id', only('GET,HEAD,DELETE'))
    .post('/mounts/:id/cl', async (c) => {
      const id = idOf(c);
      const { cl, cl_path, force } = await jsonBody(c, buildClRequest);
      const options = { clPath: cl_path ?? undefined, force: force ?? false };
      return c.json(await antares().buildCl(id, cl, options));
    })
    .delete('/mounts/:id/cl', async (c) => {
      const force = c.req.query('force') === 'true';
      return c.json(await antares().clearCl(idOf(c), { force }));
    })
    .all('/mounts/:id/cl', only('POST,DELETE'))
    .post('/mounts/:id/lock', async (c) => c.json(await antares().lock(idOf(c))))
    .delete('/mounts/:id/lock', async (c) => c.json(await antares().unlock(idOf(c))))
    .all('/mounts/:id/lock', only('POST,DELETE'))
    .get('/mounts/:id/ready', (c) => {
      const { mount_id, state } = antares().describe(idOf(c));
      return c.json({ mount_id, ready: state === 'Ready', state });
    })
    .all('/mounts/:id/ready', only('GET,HEAD'))
    .get('/mounts/:id/changes', async (c) => c.json(await antares().changes(idOf(c))))
    .all('/mounts/:id/changes', only('GET,HEAD'))
    .post('/mounts/:id/refresh', async (c) => {
      const id = idOf(c);
      const { revision, force } = await jsonBody(c, refreshRequest);
      const options = { revision: revision ?? undefined, force: force ?? false };
      return c.json(await antares().refresh(id, options));
    })
    .all('/mounts/:id/refresh', only('POST'))
    .get('/mounts/:id/events', (c) => events(c, antares(), idOf(c)))
    .all('/mounts/:id/events', only('GET,HEAD'));
}

function directory({ kind, path, changedMs }: Orphan) {
  return { kind, path, changed_at_epoch_ms: changedMs };
}

/** The state now, every later one, and the end of the stream with `Unmounted` or with the daemon. */
function events(c: Context, antares: Antares, id: string): Response {
  const first = antares.describe(id);
  return streamSSE(c, async (stream) => {
    const waiting: (MountStatus | undefined)[] = [first];
    let wake = (): void => {};
    const stop = antares.events.listen((status) => {
      if (status !== undefined && status.mount_id !== id) return;
      waiting.push(status);
      wake();
    });
    const beat = setInterval(() => void stream.write(': alive\n\n'), BEAT_MS).unref();
    stream.onAbort(() => {
      waiting.push(undefined);
      wake();
    });
    try {
      for (;;) {
        if (waiting.length === 0) await new Promise<void>((resolve) => (wake = resolve));
        const status = waiting.shift();
        if (status === undefined) return;
        await stream.writeSSE({ event: 'state', data: JSON.stringify(status) });
        if (status.state === 'Unmounted') return;
      }
    } finally {
      clearInterval(beat);
      stop();
    }
  });
}
