import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { scorpioProgram } from '../programs.js';
import { runProgram } from '../run-program.js';
import { Recorder } from '../testing/recorder.js';

interface Recorded {
  readonly requests: readonly { argv: string[]; request: string; body: string }[];
  readonly responses: readonly {
    status?: number;
    body?: string;
    location?: string;
    refused?: boolean;
    code: number;
    stdout?: string;
    stderr?: string;
  }[];
}

const recorded = JSON.parse(
  readFileSync(new URL('../../fixtures/http-mount.json', import.meta.url), 'utf8'),
) as Recorded;

let server: Server;
let endpoint = '';
let answer: Recorded['responses'][number] = { status: 200, body: '{}', code: 0 };
let seen: { line: string; body: string; headers: IncomingMessage['headers'] }[] = [];

beforeAll(async () => {
  server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      seen.push({ line: `${request.method} ${request.url}`, body, headers: request.headers });
      response.writeHead(
        answer.status ?? 200,
        answer.location ? { location: answer.location } : {},
      );
      response.end(answer.body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => new Promise((resolve) => server.close(resolve)));

async function run(argv: readonly string[], env = {}): Promise<Recorder & { code: number }> {
  const output = new Recorder();
  seen = [];
  const here = argv.map((word) => word.replaceAll('$E', endpoint));
  const code = await runProgram(scorpioProgram(), here, { env, output });
  return Object.assign(output, { code });
}

test('issue 5.2: --uid and --gid are in the request, and absent where none is given', async () => {
  answer = { status: 200, body: '{}', code: 0 };
  await run(['http-mount', '/', '--endpoint', '$E', '--uid', '12', '--gid', '0']);
  expect(JSON.parse(seen[0]?.body ?? '')).toMatchObject({ uid: 12, gid: 0 });
});

test.each([
  [['--uid=-1'], '--uid'],
  [['--uid', '4294967295'], '--uid'],
  [['--uid', 'root'], '--uid'],
  [['--uid', '1', '--gid', '1.5'], '--gid'],
  [['--gid', '5'], '--gid without --uid'],
])('%j is a usage error that names the flag; nothing is sent', async (words, says) => {
  const { code, stderr } = await run(['http-mount', '/', '--endpoint', '$E', ...words]);
  expect([code, stderr]).toEqual([2, expect.stringContaining(says)]);
  expect(seen).toEqual([]);
});

describe('http-mount as recorded', () => {
  test.each(recorded.requests)('CLI-13, CLI-15: $argv', async ({ argv, request, body }) => {
    answer = { status: 200, body: '{}', code: 0 };
    expect((await run(argv)).code).toBe(0);
    expect(seen).toMatchObject([
      { line: request, body, headers: { 'content-type': 'application/json', accept: '*/*' } },
    ]);
    expect(seen[0]?.headers['user-agent']).toBeUndefined();
  });

  const words = recorded.responses.filter((r) => r.refused !== true && r.status !== 302);
  test.each(words)('CLI-14: $status $body', async (response) => {
    answer = response;
    const said = await run(['http-mount', '/x', '--endpoint', '$E']);
    expect(said.code).toBe(response.code);
    if (response.stdout !== undefined) expect(said.stdout).toBe(response.stdout);
    if (response.stderr !== undefined) expect(said.stderr.split('\n')[0]).toBe(response.stderr);
  });

  test('CLI-14: nobody listens', async () => {
    const said = await run(['http-mount', '/x', '--endpoint', 'http://127.0.0.1:9']);
    expect(said.code).toBe(1);
    expect(said.stderr).toContain(
      'http mount request failed: error sending request for url (http://127.0.0.1:9/mounts)',
    );
  });

  test('HTTP-05: SCORPIO_HTTP_TOKEN is sent, to a daemon on another host, and asked for where it lacks', async () => {
    answer = { status: 200, body: '{}', code: 0 };
    const argv = ['http-mount', '/x', '--endpoint', '$E'];
    expect((await run(argv, { SCORPIO_HTTP_TOKEN: 'geheim' })).code).toBe(0);
    expect(seen[0]?.headers.authorization).toBe('Bearer geheim');
    answer = { status: 401, body: 'no', code: 3 };
    const said = await run(argv, { SCORPIO_HTTP_TOKEN: ' ' });
    expect([said.code, seen[0]?.headers.authorization]).toEqual([3, undefined]);
    expect(said.stderr).toMatch(/\nhint: .*SCORPIO_HTTP_TOKEN/);
  });

  test('CLI-22, K-41: a redirect is not followed, a proxy not asked', async () => {
    answer = { status: 302, location: '/mounts', body: '', code: 3 };
    expect((await run(['http-mount', '/x', '--endpoint', '$E'])).code).toBe(3);
    expect(seen).toHaveLength(1);
    answer = { status: 200, body: '{}', code: 0 };
    const env = { HTTP_PROXY: 'http://127.0.0.1:9', http_proxy: 'http://127.0.0.1:9' };
    expect((await run(['http-mount', '/x', '--endpoint', '$E'], env)).code).toBe(0);
  });
});
