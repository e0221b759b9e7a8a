import { afterEach, describe, expect, test } from '@jest/globals';
import { daemonApp } from './app.js';
import { listen, type Listening } from './listen.js';
import type { Sample } from './metrics.js';

let open: Listening | undefined;
afterEach(() => open?.close(0));

async function start(samples: readonly Sample[] = []): Promise<string> {
  const app = daemonApp({
    version: '1.2.3',
    mountCount: () => 0,
    notReady: () => undefined,
    samples: () => Promise.resolve(samples),
    failed: () => undefined,
  });
  open = await listen(app, { host: '127.0.0.1', port: 0 });
  return open.url;
}

const metrics = async (url: string) => await (await fetch(`${url}/metrics`)).text();

/** A line of Prometheus' text format: a comment, or name, labels and value. */
const LINE =
  /^(# (HELP|TYPE) \w+ .+|\w+(\{\w+="(?:[^"\\\n]|\\[\\"n])*"(,\w+="(?:[^"\\\n]|\\[\\"n])*")*\})? -?[\d.e+-]+)$/;

describe('/metrics', () => {
  test('W-69: what is said is Prometheus text; a name that ends with _total is a counter', async () => {
    const url = await start([
      { name: 'x_requests_total', help: 'Requests.', value: 3, labels: { op: 'a"b\\c\nd' } },
      { name: 'x_open', help: 'Open.', value: 2.5 },
    ]);
    const text = await metrics(url);
    for (const line of text
      .trimEnd()
      .split('\n')
      .filter((l) => l !== ''))
      expect(line).toMatch(LINE);
    expect(text).toContain(
      '# TYPE x_requests_total counter\nx_requests_total{op="a\\"b\\\\c\\nd"} 3\n',
    );
    expect(text).toContain('# TYPE x_open gauge\nx_open 2.5\n');
    // A counter that is sampled stays what it is, however often it is asked for.
    expect(await metrics(url)).toContain('x_open 2.5\n');
  });

  test('W-69: requests are counted and timed by route and status', async () => {
    const url = await start();
    await fetch(`${url}/health`);
    await fetch(`${url}/health`, { method: 'DELETE' });
    const text = await metrics(url);
    const count = (labels: string) =>
      new RegExp(`^scorpio_http_request_duration_seconds_count\\{${labels}\\} (\\d+)$`, 'm').exec(
        text,
      )?.[1];
    expect(count('method="GET",route="/health",status="200"')).toBe('1');
    expect(count('method="DELETE",route="/health",status="405"')).toBe('1');
  });

  test('W-69: nothing that a caller writes becomes a label', async () => {
    const url = await start();
    const ask = async (n: number) => {
      await fetch(`${url}/antares/mounts/by-job/${n}`, { method: n % 2 === 0 ? 'GET' : 'BREW' });
      await fetch(`${url}/${n}`, { headers: { 'x-request-id': `id-${n}` } });
    };
    await ask(1);
    await ask(2);
    await metrics(url);
    const lines = async () => (await metrics(url)).split('\n').length;
    const before = await lines();
    for (let n = 3; n < 60; n++) await ask(n);
    expect(await lines()).toBe(before);
  });
});
