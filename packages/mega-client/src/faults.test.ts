import { afterEach, expect, jest, test } from '@jest/globals';
import type { Oid, Revision } from '@scorpiofs/objects';
import { createHash } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { setImmediate as turn } from 'node:timers/promises';
import { inspect } from 'node:util';
import { gzipSync } from 'node:zlib';
import { contentHash } from './content-hash.js';
import { fileTree } from './file-tree.js';
import { latestCommit } from './latest-commit.js';
import { MegaClient, type MegaClientOptions } from './mega-client.js';
import { serve, type Handler, type TestServer } from './testing/serve.js';

const OID = 'a'.repeat(40) as Oid;
const revision: Revision = { commit: OID };

let server: TestServer;
let client: MegaClient;

/** Time goes on only by `jest.advanceTimersByTime`: `setTimeout` alone, the network goes its own way. */
function stopTheClock(): void {
  jest.useFakeTimers({
    doNotFake: ['Date', 'hrtime', 'nextTick', 'performance', 'queueMicrotask', 'setImmediate'],
  });
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await turn();
}

afterEach(async () => {
  jest.useRealTimers();
  await client.close();
  await server.close();
});

/** Quick to ask again, and patient: what is late here is late because of the machine. */
const OPTIONS: Omit<MegaClientOptions, 'baseUrl'> = {
  retry: { attempts: 3, pause: 5, maxPause: 1_000 },
  limits: { listing: 120_000, idle: 120_000 },
};
/** For what is meant to take too long. */
const SHORT = { limits: { listing: 150, idle: 150 } };

async function start(handler: Handler, options: Partial<MegaClientOptions> = {}): Promise<void> {
  server = await serve(handler);
  client = new MegaClient({ baseUrl: server.url, ...OPTIONS, ...options });
}

function listing(entries: readonly unknown[]): string {
  return JSON.stringify({ req_result: true, data: entries, err_message: '' });
}

const list = () => contentHash(client.wire, '/', undefined);

async function readAll(oid: Oid, signal?: AbortSignal): Promise<number> {
  let length = 0;
  for await (const piece of await client.blob(oid, signal ? { signal } : {}))
    length += piece.length;
  return length;
}

test('C18, fs: D-21: a connection that closes without an answer is retried three times in all, then unreachable', async () => {
  await start((_, response) => void response.destroy());
  await expect(list()).rejects.toMatchObject({ kind: 'unreachable', timedOut: false });
  expect(server.asked).toHaveLength(3);
  expect(client.stats()).toMatchObject({ requests: 3, retries: 2, failures: 3 });
});

test('C18: one closed connection is survived', async () => {
  let times = 0;
  await start((_, response) => {
    times += 1;
    if (times === 1) response.destroy();
    else response.end(listing([]));
  });
  expect(await list()).toEqual([]);
});

test.each([
  [500, 'broken', 3],
  [503, 'broken', 3],
  [429, 'refused', 3],
  [408, 'broken', 3],
  [400, 'refused', 1],
  [401, 'refused', 1],
  [403, 'refused', 1],
  [409, 'broken', 1],
  [204, 'broken', 1],
])('C01, C17, fs: D-21: status %d is %s, after %d requests', async (status, kind, requests) => {
  await start((_, response) => {
    response
      .writeHead(status, { 'content-type': 'text/plain' })
      .end(status === 204 ? '' : 'no\u001b[2J');
  });
  const failure: unknown = await list().catch((error: unknown) => error);
  expect(failure).toMatchObject({ kind, status });
  // The server's words come along, without what would act on a terminal.
  expect(String(failure)).not.toContain('\u001b');
  expect(server.asked).toHaveLength(requests);
});

const PAGE = { 'content-type': 'text/html', 'content-length': 9 };

test.each([
  [
    'the wrapper',
    { 'content-type': 'application/json' },
    '{"req_result":false,"data":null,"err_message":"gone"}',
    'missing',
  ],
  ['nothing, as old servers', { 'content-length': 0 }, '', 'missing'],
  ['an unknown route', {}, 'Operation not supported', 'broken'],
  ["a proxy's page", PAGE, '<p>hm</p>', 'broken'],
])('C16, M03, D6: 404 with %s', async (_, headers, body, kind) => {
  await start((request, response) => {
    response.writeHead(404, headers).end(request.method === 'HEAD' ? undefined : body);
  });
  await expect(client.blob(OID)).rejects.toMatchObject({ kind, status: 404 });
  expect(server.asked).toHaveLength(kind === 'missing' ? 1 : 3);
});

test("D6: a proxy's 404 to HEAD is no proof that a size is missing", async () => {
  await start((_, response) => void response.writeHead(404, PAGE).end());
  await expect(client.sizes([OID])).rejects.toMatchObject({ kind: 'broken', status: 404 });
});

test('C17: 409 on a blob is an error for its content at once, and an absent size', async () => {
  await start((_, response) => {
    response.writeHead(409, { 'content-type': 'application/json' });
    response.end(
      '{"req_result":false,"data":null,"err_message":"[obj_missing_in_s3_but_has_meta]"}',
    );
  });
  await expect(client.blob(OID)).rejects.toMatchObject({ kind: 'broken', status: 409 });
  await expect(client.blob(OID)).rejects.toThrow(/obj_missing_in_s3_but_has_meta/);
  expect(server.asked).toHaveLength(2);
  expect((await client.sizes([OID])).size).toBe(0);
});

test('D7: Retry-After is waited for within its bound, and beyond it not asked again', async () => {
  let times = 0;
  let after = '1';
  await start((_, response) => {
    times += 1;
    if (times === 1) response.writeHead(503, { 'retry-after': after }).end();
    else response.end(listing([]));
  });
  const began = performance.now();
  await list();
  expect(performance.now() - began).toBeGreaterThan(950);
  times = 0;
  after = '3600';
  await expect(list()).rejects.toMatchObject({ kind: 'broken', status: 503 });
  expect(times).toBe(1);
});

test.each([
  ['no JSON', 'gateway says hello'],
  ['cut off JSON', '{"req_result":true,"data":[{"na'],
  ['another shape', '{"req_result":true,"data":{"name":"x"},"err_message":""}'],
  ['an id in upper case', listing([{ name: 'a', content_type: 'file', oid: 'A'.repeat(40) }])],
  ['an unknown kind', listing([{ name: 'a', content_type: 'socket', oid: OID }])],
  ['a bare list', '[]'],
])('C01: an answer that is %s is broken, never an empty directory', async (_, body) => {
  await start((__, response) => void response.end(body));
  await expect(list()).rejects.toMatchObject({ kind: 'broken' });
});

test('C01, fs: M-06: `req_result` false under status 200 is the server saying no, in its words', async () => {
  await start((_, response) => {
    response.end('{"req_result":false,"data":null,"err_message":"not today"}');
  });
  await expect(list()).rejects.toMatchObject({
    kind: 'refused',
    message: expect.stringMatching(/not today/),
  });
  await expect(list()).rejects.toThrow(/not today/);
});

test('C10: names that are no names, and later duplicates, are dropped from listings', async () => {
  const names = ['ok', '', '.', '..', 'a/b', 'nul\0', 'ok'];
  await start((_, response) => {
    response.end(listing(names.map((name) => ({ name, content_type: 'file', oid: OID }))));
  });
  expect((await list()).map(({ name }) => `${name}`)).toEqual(['ok']);
});

test('C10, C05: names are dropped from trees as well, and the hash is of the body as received', async () => {
  const names = ['z', 'a', '', '..', 'a/b', 'z'];
  const body = Buffer.concat(
    names.map((name) => Buffer.concat([Buffer.from(`100644 ${name}\0`), Buffer.from(OID, 'hex')])),
  );
  await start((_, response) => void response.end(body));
  const tree = await fileTree(client.wire, '/', undefined);
  expect(tree?.entries.map(({ name }) => `${name}`)).toEqual(['z', 'a']);
  const hash = createHash('sha1').update(`tree ${body.length}\0`).update(body).digest('hex');
  expect(tree?.hash).toBe(hash);
});

test('C05: a tree under the right guard that hashes to something else is passed on as unverified', async () => {
  const body = Buffer.concat([Buffer.from('100644 a\0'), Buffer.from(OID, 'hex')]);
  await start((request, response) => {
    if (request.method === 'POST') response.writeHead(404).end('Operation not supported');
    else response.end(body);
  });
  for await (const answer of client.trees([{ revision, path: '/d', oid: OID }]))
    expect(answer).toMatchObject({ oid: OID, verified: false, modesKnown: true });
});

test('D7, fs: M-03: a server that never answers is unreachable and timed out, within the budget', async () => {
  await start(() => {}, { ...SHORT, retry: { attempts: 3, pause: 5, budget: 200 } });
  await expect(list()).rejects.toMatchObject({ kind: 'unreachable', timedOut: true });
  // The third would have begun after the budget; on a machine that is late, the second one as well.
  expect([1, 2]).toContain(client.stats().requests);
});

test('D7: a listing that trickles is ended by its total; a content may trickle as long as it lives', async () => {
  const held: ServerResponse[] = [];
  await start((_, response) => void held.push(response), { ...SHORT, retry: { attempts: 1 } });
  stopTheClock();
  /** A byte arrives, and 100 ms go by. */
  const trickle = async (answers: number): Promise<void> => {
    const before = client.stats().bytesReceived;
    await until(() => held.length === answers);
    held.at(-1)?.write('x');
    await until(() => client.stats().bytesReceived > before);
    jest.advanceTimersByTime(100);
  };
  const listing = expect(list()).rejects.toMatchObject({ kind: 'unreachable', timedOut: true });
  for (let i = 0; i < 2; i++) await trickle(1);
  await listing;
  const content = readAll(OID);
  // 1,200 ms in all, with a limit of 150 ms of silence.
  for (let i = 0; i < 12; i++) await trickle(2);
  held.at(-1)?.end();
  expect(await content).toBe(12);
});

test('D7: a content that falls silent is ended', async () => {
  await start((_, response) => {
    response.writeHead(200, { 'content-length': 1000 });
    response.write('x');
  }, SHORT);
  await expect(readAll(OID)).rejects.toMatchObject({ kind: 'unreachable', timedOut: true });
});

test('D6: a content that is cut off is an error, never a shorter file', async () => {
  await start((_, response) => {
    response.writeHead(200, { 'content-length': 1000 });
    response.write('half', () => response.destroy());
  });
  await expect(readAll(OID)).rejects.toMatchObject({ kind: 'broken' });
  const failed: unknown[] = [];
  for await (const part of client.blobs([OID])) failed.push(part);
  expect(failed).toMatchObject([{ oid: OID, error: { kind: 'broken' } }]);
});

test('D6: a chunked content that is cut off is an error as well', async () => {
  await start((_, response) => {
    response.write('half', () => response.destroy());
  });
  await expect(readAll(OID)).rejects.toMatchObject({ kind: 'broken' });
});

test('D7: an open stream that nobody reads gives its connection back', async () => {
  await start((_, response) => {
    response.writeHead(200, { 'content-length': 10_000_000 });
    response.write(Buffer.alloc(1_000));
  }, SHORT);
  stopTheClock();
  const stream = await client.blob(OID);
  expect(stream.size).toBe(10_000_000);
  jest.advanceTimersByTime(150);
  await until(() => server.open() === 0);
  const iterator = stream[Symbol.asyncIterator]();
  await expect(iterator.next()).rejects.toMatchObject({ kind: 'unreachable' });
});

test('D7: a reader that stops early closes the connection; one slower than the limit does not lose it', async () => {
  await start((_, response) => {
    response.writeHead(200, { 'content-length': 4_000_000 });
    response.end(Buffer.alloc(4_000_000));
  }, SHORT);
  stopTheClock();
  let length = 0;
  let pieces = 0;
  for await (const piece of await client.blob(OID)) {
    length += piece.length;
    pieces += 1;
    if (pieces === 2) jest.advanceTimersByTime(400);
  }
  expect(length).toBe(4_000_000);
  for await (const piece of await client.blob(OID)) {
    expect(piece.length).toBeGreaterThan(0);
    break;
  }
  await until(() => server.open() <= 1);
});

test('D7, fs: M-03: aborting rejects with the reason and closes the socket, before and within the answer', async () => {
  let closes = 0;
  await start((request, response) => {
    response.on('close', () => (closes += 1));
    if (request.url?.includes('blob')) response.writeHead(200).write('x');
  });
  const reason = new Error('interrupted');
  const asking = new AbortController();
  const commit = latestCommit(client.wire, '/', { signal: asking.signal });
  await until(() => server.asked.length > 0);
  asking.abort(reason);
  await expect(commit).rejects.toBe(reason);
  const reading = new AbortController();
  const read = readAll(OID, reading.signal);
  await until(() => server.asked.length > 1);
  reading.abort(reason);
  await expect(read).rejects.toBe(reason);
  await until(() => closes >= 2);
  expect(server.asked).toHaveLength(2);
  await expect(client.sizes([OID], { signal: reading.signal })).rejects.toBe(reason);
});

test('D7: what waits for its turn can be aborted, and does not hold up the others', async () => {
  const held: ServerResponse[] = [];
  await start((_, response) => void held.push(response), {
    concurrency: 1,
  });
  const first = list();
  const abort = new AbortController();
  const second = contentHash(client.wire, '/b', undefined, { signal: abort.signal });
  const third = list();
  abort.abort(new Error('second gone'));
  await expect(second).rejects.toThrow('second gone');
  await until(() => held.length > 0);
  held[0]?.end(listing([]));
  await first;
  await until(() => held.length > 1);
  held[1]?.end(listing([]));
  expect(await third).toEqual([]);
  expect(server.asked).toHaveLength(2);
});

test('D7: close ends what is under way, as cancelled, and leaves no connection', async () => {
  await start(() => {});
  const asked = list();
  await until(() => server.asked.length > 0);
  await client.close();
  await expect(asked).rejects.toMatchObject({ kind: 'cancelled' });
  await expect(list()).rejects.toMatchObject({ kind: 'cancelled' });
  await until(() => server.open() === 0);
});

test('M66, fs: M-04: connections are kept and shared: many requests, few connections', async () => {
  await start((_, response) => void response.writeHead(200, { 'content-length': 7 }).end(), {
    concurrency: 4,
  });
  const oids = Array.from(
    { length: 200 },
    (_, index) => index.toString(16).padStart(40, '0') as Oid,
  );
  const sizes = await client.sizes(oids.slice(0, 1));
  expect([...sizes.values()]).toEqual([7]);
  for (const oid of oids) await client.sizes([oid]);
  await Promise.all(oids.map((oid) => client.sizes([oid])));
  expect(server.connections()).toBeLessThanOrEqual(4);
  expect(server.asked).toHaveLength(401);
});

test('D7: a pooled connection that the server has closed is replaced at once', async () => {
  await start((_, response) => {
    response.end(listing([]));
  });
  await list();
  // The server closes between two requests without the client having noticed.
  let times = 0;
  await server.close();
  const { port } = new URL(server.url);
  const again = await serve((_, response) => {
    times += 1;
    response.end(listing([]));
  }, Number(port));
  expect(await list()).toEqual([]);
  expect(times).toBe(1);
  await again.close();
});

test('fs: M-05: the token goes with every request to the server, and into no failure', async () => {
  const seen: (string | undefined)[] = [];
  await start(
    (request, response) => {
      seen.push(request.headers.authorization);
      response.writeHead(403, { 'content-type': 'text/plain' }).end('no');
    },
    { token: 's3cret' },
  );
  for (const asked of [list(), readAll(OID), client.head()]) {
    const failure: unknown = await asked.catch((error: unknown) => error);
    expect(failure).toMatchObject({ kind: 'refused' });
    expect(inspect(failure, { depth: 8 })).not.toContain('s3cret');
  }
  expect(new Set(seen)).toEqual(new Set(['Bearer s3cret']));
  await client.close();
  await server.close();
  await start((_, response) => void response.end(listing([])), { token: 's3cret' });
  await server.close();
  const nobody: unknown = await list().catch((error: unknown) => error);
  expect(inspect(nobody, { depth: 8 })).not.toContain('s3cret');
});

test('nobody there is unreachable, quickly', async () => {
  await start(() => {});
  await server.close();
  await expect(list()).rejects.toMatchObject({ kind: 'unreachable', timedOut: false });
});

test('D8: a redirect is not followed, and says where it wanted to go', async () => {
  let reached = false;
  const other = await serve((_, response) => {
    reached = true;
    response.end(listing([]));
  });
  await start(
    (_, response) => {
      response.writeHead(302, { location: `${other.url}/api/v1/x` }).end();
    },
    { token: 'secret' },
  );
  const failure: unknown = await list().catch((error: unknown) => error);
  expect(failure).toMatchObject({ kind: 'refused', status: 302 });
  expect(String(failure)).toContain(other.url);
  expect(String(failure)).not.toContain('secret');
  expect(reached).toBe(false);
  await other.close();
});

test('D7: an answer without end is left when it is larger than anything right', async () => {
  let sent = 0;
  let gone = false;
  await start((_, response) => {
    const piece = Buffer.alloc(1 << 20, ' ');
    response.on('close', () => (gone = true));
    const more = () => {
      if (gone) return;
      sent += piece.length;
      if (response.write(piece)) setImmediate(more);
      else response.once('drain', more);
    };
    more();
  });
  await expect(list()).rejects.toMatchObject({
    kind: 'broken',
    message: expect.stringMatching(/larger than/),
  });
  expect(sent).toBeLessThan(100 << 20);
});

test('D7: a compressed answer is bounded by what it unpacks to, and a damaged one is broken', async () => {
  let body = gzipSync(Buffer.alloc(100 << 20, ' '));
  await start(
    (_, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip', 'content-length': body.length });
      response.end(body);
    },
    { compress: true },
  );
  await expect(list()).rejects.toMatchObject({
    kind: 'broken',
    message: expect.stringMatching(/larger than/),
  });
  body = gzipSync(listing([]));
  expect(await list()).toEqual([]);
  body = gzipSync(listing([])).subarray(0, 20);
  await expect(list()).rejects.toMatchObject({ kind: 'broken' });
});

test('an encoding that was not asked for is broken', async () => {
  await start((_, response) => {
    response.writeHead(200, { 'content-encoding': 'br' }).end('xx');
  });
  await expect(list()).rejects.toMatchObject({
    kind: 'broken',
    message: expect.stringMatching(/br was not asked for/),
  });
});

test('C07: a proxy that takes the length away costs a GET, and the size is right', async () => {
  await start((request, response) => {
    response.writeHead(200, { 'transfer-encoding': 'chunked' });
    response.end(request.method === 'HEAD' ? undefined : 'twelve bytes');
  });
  expect([...(await client.sizes([OID])).values()]).toEqual([12]);
  expect(server.asked.map((line) => line.split(' ')[0])).toEqual(['HEAD', 'GET']);
});

test('D6: sizes that fail leave the others known', async () => {
  const bad = 'b'.repeat(40) as Oid;
  await start((request, response) => {
    const status = request.method === 'POST' ? 404 : request.url?.endsWith(bad) ? 500 : 200;
    response.writeHead(status, status === 200 ? { 'content-length': 3 } : {}).end();
  });
  await expect(client.sizes([OID, bad])).rejects.toMatchObject({
    kind: 'broken',
    sizes: new Map([[OID, 3]]),
    failures: new Map([[bad, expect.objectContaining({ status: 500 })]]),
  });
});

test('C19, W-54: paths are escaped byte by byte; fs: M-02, W-59: a base address with a path and a slash works', async () => {
  server = await serve((_, response) => void response.end(listing([])));
  client = new MegaClient({ baseUrl: `${server.url}/mega/`, ...OPTIONS });
  await contentHash(client.wire, "/a b/plus+and%25#&?'\xc3\xbc", OID);
  expect(server.asked).toEqual([
    `GET /mega/api/v1/tree/content-hash?path=/a%20b/plus%2Band%2525%23%26%3F%27%C3%BC&refs=${OID}`,
  ]);
});

test('mega 1.4: a name that is not UTF-8 cannot be asked for, and is refused without asking', async () => {
  await start((_, response) => void response.writeHead(404).end('Operation not supported'));
  await client.capabilities();
  server.asked.length = 0;
  const run = async () => {
    for await (const answer of client.trees([{ revision, path: '/\xff', oid: OID }])) void answer;
  };
  await expect(run()).rejects.toMatchObject({ kind: 'refused' });
  expect(server.asked).toEqual([]);
});

test.each(['nonsense', 'ftp://host', 'http://user:secret@host', 'http://host/?x=1'])(
  'the address %s is refused with a hint, without its secrets',
  async (baseUrl) => {
    await start(() => {});
    let failure: unknown;
    try {
      failure = new MegaClient({ baseUrl });
    } catch (error) {
      failure = error;
    }
    expect(failure).toMatchObject({ code: 'MEGA_BASE_URL', hint: expect.any(String) });
    expect(String(failure)).not.toContain('secret');
  },
);
