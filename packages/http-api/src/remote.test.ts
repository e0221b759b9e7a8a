import { spawnSync } from 'node:child_process';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { Access } from './access.js';
import { daemonApp } from './app.js';
import { listen, type Listening } from './listen.js';
import { OtherHost } from './testing/other-host.js';

const mayUnshare = spawnSync('unshare', ['--net', 'ip', 'link', 'show', 'lo']).status === 0;
const other = mayUnshare ? describe : describe.skip;

let host: OtherHost;
let open: Listening | undefined;

/** A daemon that every host reaches; the port. */
async function start(access: Access): Promise<string> {
  const app = daemonApp({
    version: '1.2.3',
    mountCount: () => 0,
    notReady: () => undefined,
    samples: () => [],
    failed: () => undefined,
    access,
    // Nobody who is refused gets as far as this.
    antares: () => {
      throw new Error('a refused request had an effect');
    },
  });
  open = await listen(app, { host: '0.0.0.0', port: 0 });
  return `http://${OtherHost.here}:${open.address.port}`;
}

other('callers from another host (skipped without root and network namespaces)', () => {
  beforeAll(async () => {
    host = await OtherHost.start();
  });
  afterAll(() => host[Symbol.asyncDispose]());
  afterEach(() => open?.close(0));

  test('D8, §7, W-01: without a token it is 403 and the setting that allows it; /health and /ready are open', async () => {
    const url = await start({});
    for (const path of ['/antares/mounts', '/metrics', '/openapi.json', '/docs', '/nothing']) {
      const [status, body] = await host.ask(url + path);
      expect([path, status]).toEqual([path, 403]);
      expect(JSON.parse(body)).toEqual({
        error: expect.stringMatching(/http_token.*http_allow_remote/),
        code: 'FORBIDDEN',
      });
    }
    expect((await host.ask(`${url}/health`))[0]).toBe(200);
    expect((await host.ask(`${url}/ready`))[0]).toBe(200);
    // What a header claims about the caller changes nothing.
    for (const line of [
      'x-forwarded-for: 127.0.0.1',
      'host: localhost',
      'forwarded: for=127.0.0.1',
    ])
      expect([line, (await host.ask(`${url}/metrics`, line))[0]]).toEqual([line, 403]);
  });

  test('D8, §7, H-18: with a token configured, none or a wrong one is 401 without an effect; the right one is served', async () => {
    const url = await start({ token: 'secret' });
    const ask = async (...headers: readonly string[]) => {
      const [status, body] = await host.ask(`${url}/metrics`, ...headers);
      return status === 200 ? status : [status, (JSON.parse(body) as { code: string }).code];
    };
    const refused = [401, 'UNAUTHORIZED'];
    expect(await ask()).toEqual(refused);
    for (const wrong of [
      'Bearer',
      'Bearer ',
      'Bearer Secret',
      'Bearer secret2',
      'Basic secret',
      'secret',
    ])
      expect([wrong, await ask(`authorization: ${wrong}`)]).toEqual([wrong, refused]);
    expect(await ask('authorization: Bearer secret')).toBe(200);
    expect(await ask('authorization: bearer secret')).toBe(200);
    expect((await host.ask(`${url}/antares/mounts`))[0]).toBe(401);
    expect((await host.ask(`${url}/health`))[0]).toBe(200);
  });

  test('§7: http_allow_remote serves every host, but no page of another site', async () => {
    const url = await start({ allowRemote: true });
    expect((await host.ask(`${url}/metrics`))[0]).toBe(200);
    expect((await host.ask(`${url}/metrics`, 'host: scorpio.example'))[0]).toBe(200);
    expect((await host.ask(`${url}/metrics`, 'origin: https://evil.example'))[0]).toBe(403);
  });

  test('§7: this host itself may use any of its addresses without a token', async () => {
    const url = await start({ token: 'secret' });
    expect((await fetch(`${url}/metrics`)).status).toBe(200);
  });
});
