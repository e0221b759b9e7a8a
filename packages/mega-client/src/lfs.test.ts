import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startMonoServer, type MonoServer } from '@scorpiofs/mono-server';
import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { lfsContent, lfsDownloads } from './lfs.js';
import { lfsPlace } from './lfs-href.js';
import { recorded, replay } from './testing/recorded.js';
import { serve, type TestServer } from './testing/serve.js';
import { closeWire, openWire, type Wire } from './wire.js';

const sha = (content: string) => createHash('sha256').update(content).digest('hex');
const pointer = { oid: sha('hello'), size: 5 };

async function textOf(stream: AsyncIterable<Uint8Array>): Promise<string> {
  const pieces: Uint8Array[] = [];
  for await (const piece of stream) pieces.push(piece);
  return Buffer.concat(pieces).toString();
}

test.each([
  ['http://127.0.0.1:8000/info/lfs/objects/x?y=1', 'https://git.example/info/lfs/objects/x?y=1'],
  ['http://0.0.0.0:8000/a', 'https://git.example/a'],
  ['http://localhost/a', 'https://git.example/a'],
  ['http://[::1]:8000/a', 'https://git.example/a'],
  ['http://[::]:8000/a', 'https://git.example/a'],
])('C20: %s, an address to listen on, is reached through the configured base', (href, url) => {
  expect(lfsPlace(href, 'https://git.example')).toEqual({ url, own: true });
});

test('C20: every other address is used untouched, byte for byte', () => {
  const presigned = 'https://bucket.s3.example/a%2Fb?X-Amz-Signature=A%2b1&x=';
  expect(lfsPlace(presigned, 'https://git.example')).toEqual({ url: presigned, own: false });
  expect(lfsPlace('https://git.example/a', 'https://git.example/mega').own).toBe(true);
  expect(lfsPlace('http://127.0.0.1/a', 'https://proxy.example/mega').url).toBe(
    'https://proxy.example/mega/a',
  );
  for (const href of ['file:///etc/passwd', 'not an address'])
    expect(() => lfsPlace(href, 'https://git.example')).toThrow(/LFS batch/);
});

test('M48, M49: recorded answers: an object that is there, one that is not, through the base that answered', async () => {
  let id = 'lfs:batch:have';
  const server = await serve((request, response) =>
    replay(recorded(request.method === 'GET' ? 'lfs:get' : id), response),
  );
  const wire = openWire({ baseUrl: server.url });
  const found = (await lfsDownloads(wire, [pointer])).get(pointer.oid);
  expect(found?.place).toEqual({
    url: `${server.url}/info/lfs/objects/${pointer.oid}`,
    own: true,
  });
  expect(found && (await textOf(await lfsContent(wire, found)))).toBe('hello');
  id = 'lfs:batch:/info/lfs';
  const absent = {
    oid: '4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393',
    size: 1,
  };
  expect((await lfsDownloads(wire, [absent])).size).toBe(0);
  closeWire(wire);
  await server.close();
});

test('M47: the embedded server gives back what was put there', async () => {
  await using server: MonoServer = await startMonoServer({ empty: true });
  const wire = openWire({ baseUrl: server.url });
  expect((await lfsDownloads(wire, [pointer])).size).toBe(0);
  await fetch(`${server.url}/info/lfs/objects/batch`, {
    method: 'POST',
    headers: { 'content-type': 'application/vnd.git-lfs+json' },
    body: JSON.stringify({
      operation: 'upload',
      transfers: ['basic'],
      hash_algo: 'sha256',
      objects: [pointer],
    }),
  });
  const put = { method: 'PUT', body: 'hello' };
  expect((await fetch(`${server.url}/info/lfs/objects/${pointer.oid}`, put)).status).toBe(200);
  const found = (await lfsDownloads(wire, [pointer, pointer])).get(pointer.oid);
  expect(found && (await textOf(await lfsContent(wire, found)))).toBe('hello');
  expect(wire.counters.snapshot().kinds.lfs?.requests).toBe(3);
  closeWire(wire);
});

let seen: IncomingHttpHeaders[] = [];
let body = '';
let store: TestServer;
let wire: Wire;

beforeAll(async () => {
  store = await serve((request, response) => {
    seen.push(request.headers);
    response.end(body);
  });
  // Nobody is asked there: only the token and the header that belong to it matter.
  const baseUrl = 'http://192.0.2.1';
  wire = openWire({ baseUrl, token: 'secret', headers: { Cookie: 'session' } });
});

afterAll(async () => {
  closeWire(wire);
  await store.close();
});

test('D8, C20: another host gets the headers that the server named, and neither token nor cookie', async () => {
  seen = [];
  body = 'hello';
  const place = { url: `${store.url}/presigned?sig=1`, own: false };
  const download = { ...pointer, place, headers: { Accept: 'application/vnd.git-lfs' } };
  expect(await textOf(await lfsContent(wire, download))).toBe('hello');
  expect(seen).toHaveLength(1);
  expect(seen[0]).toMatchObject({ accept: 'application/vnd.git-lfs' });
  expect(seen[0]).not.toHaveProperty('authorization');
  expect(seen[0]).not.toHaveProperty('cookie');
});

test.each(['hellO', 'hell', 'hello!'])(
  'mega 3.3: %j, stored unchecked under the id of something else, is an error at its end',
  async (wrong) => {
    body = wrong;
    const place = { url: `${store.url}/x`, own: false };
    const stream = await lfsContent(wire, { ...pointer, place, headers: {} });
    await expect(textOf(stream)).rejects.toMatchObject({ kind: 'broken' });
  },
);
