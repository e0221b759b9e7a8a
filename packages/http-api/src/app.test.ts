import { afterEach, describe, expect, test } from '@jest/globals';
import { connect } from 'node:net';
import { once } from 'node:events';
import { Hono } from 'hono';
import { daemonApp } from './app.js';
import { listen, type Listening } from './listen.js';

let open: Listening[] = [];
afterEach(async () => {
  await Promise.all(open.map((l) => l.close(0)));
  open = [];
});

async function start(app: Hono): Promise<Listening> {
  const listening = await listen(app, { host: '127.0.0.1', port: 0 });
  open.push(listening);
  return listening;
}

function daemon(notReady?: string) {
  const failures: unknown[] = [];
  const app = daemonApp({
    version: '1.2.3',
    mountCount: () => 0,
    notReady: () => notReady,
    samples: () => [
      { name: 'x_requests', help: 'Requests.', value: 3, labels: { kind: 'blob' } },
      { name: 'x_requests', help: 'Requests.', value: 4, labels: { kind: 'tree' } },
    ],
    failed: (error) => failures.push(error),
  });
  return { app, failures };
}

describe('the routes of every daemon', () => {
  test('HTTP-01: /health has the recorded shape, no path in it, no Deprecation header; HEAD is 200', async () => {
    const { url } = await start(daemon().app);
    const answer = await fetch(`${url}/health`);
    const text = await answer.text();
    expect(answer.status).toBe(200);
    expect(JSON.parse(text)).toEqual({
      status: 'ok',
      version: '1.2.3',
      uptime_secs: 0,
      mount_count: 0,
    });
    expect(text).not.toContain('/');
    expect(answer.headers.has('deprecation')).toBe(false);
    expect((await fetch(`${url}/health`, { method: 'HEAD' })).status).toBe(200);
  });

  test('K-35: /ready is 503 with a reason until something is served', async () => {
    const { url } = await start(daemon('the server does not answer').app);
    const waiting = await fetch(`${url}/ready`);
    expect(waiting.status).toBe(503);
    expect(await waiting.json()).toEqual({ ready: false, reason: 'the server does not answer' });
    const other = await start(daemon().app);
    expect(await (await fetch(`${other.url}/ready`)).json()).toEqual({ ready: true });
  });

  test('/metrics is what Prometheus reads', async () => {
    const { url } = await start(daemon().app);
    const text = await (await fetch(`${url}/metrics`)).text();
    expect(text).toContain('x_requests{kind="tree"} 4\n');
    expect(text).toMatch(/^process_resident_memory_bytes \d+$/m);
  });

  test('HTTP-06, K-43: an unknown path is 404 with an empty body and no Deprecation header', async () => {
    const { url } = await start(daemon().app);
    const answer = await fetch(`${url}/antares/nothing`);
    expect([answer.status, await answer.text()]).toEqual([404, '']);
    expect(answer.headers.has('deprecation')).toBe(false);
  });

  test('a defect is a 500 that tells the client nothing, and is reported', async () => {
    const { app, failures } = daemon();
    app.get('/boom', () => {
      throw new Error('secret detail');
    });
    const { url } = await start(app);
    const answer = await fetch(`${url}/boom`);
    expect(answer.status).toBe(500);
    expect(await answer.text()).not.toContain('secret');
    expect(failures).toHaveLength(1);
  });
});

describe('listen', () => {
  test('SRV-01: a busy address is an error with the address and the reason', async () => {
    const first = await start(new Hono());
    const busy = listen(new Hono(), first.address);
    await expect(busy).rejects.toMatchObject({
      code: 'HTTP_BIND',
      message: `failed to bind HTTP address 127.0.0.1:${first.address.port}: Address already in use (os error 98)`,
      hint: expect.stringContaining('--http-addr'),
    });
  });

  test('K-37: closing lets a request end, and cuts it off at the limit', async () => {
    const { promise, resolve } = deferred();
    const entered = deferred();
    const app = new Hono().get('/slow', async (c) => {
      entered.resolve();
      await promise;
      return c.text('done');
    });
    const slow = await start(app);
    const answer = fetch(`${slow.url}/slow`).then((r) => r.text());
    await entered.promise;
    const closing = slow.close(60_000);
    resolve();
    expect(await answer).toBe('done');
    expect(await closing).toBe(true);

    const never = deferred();
    const stuck = await start(
      new Hono().get('/never', () => {
        never.resolve();
        return new Promise<Response>(() => {});
      }),
    );
    const socket = connect(stuck.address.port, '127.0.0.1');
    await once(socket, 'connect');
    socket.write('GET /never HTTP/1.1\r\nhost: x\r\n\r\n');
    await never.promise;
    expect(await stuck.close(50)).toBe(false);
    socket.destroy();
  });
});

function deferred() {
  let resolve = (): void => {};
  const promise = new Promise<void>((r) => {
    resolve = r;
  });
  return { promise, resolve };
}
