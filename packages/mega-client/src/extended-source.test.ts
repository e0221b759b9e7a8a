import { afterEach, beforeEach, expect, test } from '@jest/globals';
import {
  encodeSortedTree,
  hashObject,
  type EntryKind,
  type Oid,
  type Revision,
  type TreeAnswer,
  type TreeEntry,
  type TreeName,
  type TreeWant,
} from '@scorpiofs/objects';
import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { MegaClient } from './mega-client.js';
import { encode, UNKNOWN } from './testing/encode.js';
import { serve, type Handler, type TestServer } from './testing/serve.js';

const COMMIT = 'c'.repeat(40) as Oid;

function blobOid(data: Buffer): Oid {
  return createHash('sha1').update(`blob ${data.length}\0`).update(data).digest('hex') as Oid;
}

function entry(name: string, kind: EntryKind, oid: Oid): TreeEntry {
  return { name: name as TreeName, kind, oid };
}

const hello = Buffer.from('hello\n');
const big = Buffer.alloc(300_000, 'x');
const file = blobOid(hello);
const bigFile = blobOid(big);
const deepBody = encodeSortedTree([entry('leaf', 'executable', file)]);
const deep = hashObject('tree', deepBody);
const dirBody = encodeSortedTree([entry('deep', 'directory', deep), entry('big', 'file', bigFile)]);
const dir = hashObject('tree', dirBody);
const rootBody = encodeSortedTree([entry('dir', 'directory', dir), entry('hello', 'file', file)]);
const root = hashObject('tree', rootBody);
const revision: Revision = { commit: COMMIT, tree: root };

interface Asked {
  readonly commit: string | null;
  readonly wants: readonly { readonly path: string; readonly oid: string | null }[];
  readonly levels: number;
  readonly oids: readonly Oid[];
}

let server: TestServer;
let client: MegaClient;
let asked: Asked[];
let answer: (question: Asked, path: string) => Buffer | undefined;
let gzip: boolean;

const handler: Handler = (request, response, body) => {
  const url = request.url ?? '';
  const question = JSON.parse(body === '' ? '{}' : body) as Asked;
  asked.push(question);
  const bytes = answer(question, url);
  if (!bytes) {
    response.writeHead(404, { 'content-type': 'text/plain' }).end('Operation not supported');
    return;
  }
  const kind = url.slice(url.lastIndexOf('/') + 1);
  response.writeHead(200, {
    'content-type': `application/x-scorpio-${kind}`,
    ...(gzip ? { 'content-encoding': 'gzip' } : {}),
  });
  response.end(gzip ? gzipSync(bytes) : bytes);
};

beforeEach(async () => {
  asked = [];
  gzip = false;
  server = await serve(handler);
  client = new MegaClient({
    baseUrl: server.url,
    retry: { attempts: 2, pause: 5 },
    maxBlobBytes: 200_000,
  });
});

afterEach(async () => {
  await client.close();
  await server.close();
});

async function list(wants: readonly TreeWant[], levels = 1): Promise<readonly TreeAnswer[]> {
  const found: TreeAnswer[] = [];
  for await (const one of client.trees(wants, { levels })) found.push(one);
  return found;
}

const rootRecord = encode.tree('/', root, rootBody, [UNKNOWN, 6]);
const dirRecord = encode.tree('/dir', dir, dirBody, [300_000, UNKNOWN]);
const deepRecord = encode.tree('/dir/deep', deep, deepBody, [6]);

function stream(...parts: readonly Buffer[]): Buffer {
  return Buffer.concat([encode.head(COMMIT, root), ...parts, encode.end()]);
}

test('issue: from nothing to the first listing is one request', async () => {
  answer = () => stream(rootRecord);
  const found = await client.head();
  expect(found).toEqual({ commit: COMMIT, tree: root });
  const [listed] = await list([{ revision: found, path: '/' }]);
  expect(listed).toMatchObject({ oid: root, verified: true, modesKnown: true });
  expect([...(listed?.sizes ?? [])]).toEqual([[file, 6]]);
  expect(server.asked).toEqual(['POST /api/v1/scorpio/trees']);
  expect(asked[0]).toMatchObject({ commit: null, wants: [{ path: '/', oid: null }], levels: 1 });
  // The answered route is the discovery: nothing further is asked.
  expect(await client.capabilities()).toMatchObject({ treeLevels: true, blobBatches: true });
  expect(server.asked).toHaveLength(1);
});

test('D10: several levels come in one answer, parents first, compressed where both want it', async () => {
  const far = new MegaClient({ baseUrl: server.url, compress: true });
  gzip = true;
  answer = () => stream(rootRecord, dirRecord, deepRecord);
  const paths: string[] = [];
  for await (const one of far.trees([{ revision, path: '/' }], { levels: 3 })) {
    paths.push(one.path);
    expect(one.verified).toBe(true);
  }
  expect(paths).toEqual(['/', '/dir', '/dir/deep']);
  expect(far.stats()).toMatchObject({ requests: 1 });
  expect(far.stats().bytesReceived).toBe(
    gzipSync(stream(rootRecord, dirRecord, deepRecord)).length,
  );
  await far.close();
});

test('D10: a server that stopped early (`more`) is asked on for the wants that it left', async () => {
  answer = ({ wants }) =>
    wants[0]?.path === '/'
      ? stream(rootRecord, encode.more())
      : stream(encode.tree('/dir', dir, dirBody, [300_000, UNKNOWN]));
  const found = await list([
    { revision, path: '/' },
    { revision, path: '/dir', oid: dir },
  ]);
  expect(found.map(({ path }) => path)).toEqual(['/', '/dir']);
  expect(asked.map(({ wants }) => wants.map(({ path }) => path))).toEqual([
    ['/', '/dir'],
    ['/dir'],
  ]);
});

test('D6: an answer that leaves a want out, or has no end mark, is broken; what came before is kept', async () => {
  answer = () => stream(rootRecord);
  const wants = [
    { revision, path: '/' },
    { revision, path: '/dir', oid: dir },
  ];
  await expect(list(wants)).rejects.toMatchObject({ kind: 'broken' });
  answer = () => Buffer.concat([encode.head(COMMIT, root), rootRecord]);
  const seen: string[] = [];
  const run = async () => {
    for await (const one of client.trees(wants)) seen.push(one.path);
  };
  await expect(run()).rejects.toMatchObject({ kind: 'broken' });
  expect(seen).toEqual(['/']);
});

test.each([
  ['another commit', Buffer.concat([encode.head('d'.repeat(40), root), rootRecord, encode.end()])],
  ['another id than the caller states', stream(encode.tree('/', dir, dirBody))],
  ['no tree object', stream(encode.tree('/', root, Buffer.from('100644 cut')))],
  ['an unknown record', stream(Buffer.from([9]))],
  ['the failure of the want', stream(encode.error('/', 'disk on fire\u0007'))],
  ['nothing', Buffer.alloc(0)],
])('D6: an answer with %s is broken', async (_, bytes) => {
  answer = () => bytes;
  await expect(list([{ revision, path: '/' }])).rejects.toMatchObject({ kind: 'broken' });
});

test('D6: content that does not hash to the id is told; what the server claims is not believed', async () => {
  answer = () => stream(encode.tree('/', root, dirBody, [300_000, UNKNOWN]));
  const [listed] = await list([{ revision, path: '/' }]);
  expect(listed).toMatchObject({ oid: root, verified: false });
});

test('D6: missing is missing, for a want and for the commit', async () => {
  answer = () => stream(encode.missing('/'));
  await expect(list([{ revision, path: '/' }])).rejects.toMatchObject({ kind: 'missing' });
});

test('C10: directories that no entry leads to are skipped, but not without end', async () => {
  answer = () => stream(rootRecord, encode.tree('/elsewhere', dir, dirBody), dirRecord);
  const found = await list([{ revision, path: '/' }], 2);
  expect(found.map(({ path }) => path)).toEqual(['/', '/dir']);
  const stray = Buffer.concat(
    Array.from({ length: 1_001 }, (__, index) => encode.tree(`/s${index}`, dir, dirBody)),
  );
  answer = () => stream(stray, rootRecord);
  await expect(list([{ revision, path: '/' }], 2)).rejects.toMatchObject({ kind: 'broken' });
});

test('D6: an answer that breaks after the last want has given what was asked; the break is counted', async () => {
  answer = () => Buffer.concat([stream(rootRecord), encode.more()]);
  expect(await list([{ revision, path: '/' }], 2)).toHaveLength(1);
  expect(client.stats().failures).toBe(1);
});

test('D10: sizes travel together; what the server lacks is absent; a cut answer is asked again', async () => {
  const unknown = 'e'.repeat(40) as Oid;
  let times = 0;
  answer = ({ oids }) => {
    times += 1;
    const all = Buffer.concat(oids.map((oid) => encode.size(oid, oid === unknown ? UNKNOWN : 6)));
    return times === 1 ? all.subarray(0, -5) : all;
  };
  const found = await client.sizes([file, unknown, bigFile]);
  expect(found).toEqual(
    new Map([
      [file, 6],
      [bigFile, 6],
    ]),
  );
  expect(server.asked).toEqual(['POST /api/v1/scorpio/sizes', 'POST /api/v1/scorpio/sizes']);
  expect(client.stats()).toMatchObject({ retries: 1, failures: 1 });
});

async function fetchAll(oids: readonly Oid[]): Promise<Map<Oid, unknown>> {
  const got = new Map<Oid, unknown>();
  for await (const part of client.blobs(oids))
    got.set(part.oid, 'data' in part ? part.data.length : part.error);
  return got;
}

test('D10: contents travel together; missing, failed and too large ones do not stop the others', async () => {
  const [gone, bad] = ['e'.repeat(40) as Oid, 'f'.repeat(40) as Oid];
  answer = ({ oids }) =>
    Buffer.concat([
      ...oids.map((oid) => {
        if (oid === gone) return encode.blobMissing(oid);
        if (oid === bad) return encode.blobError(oid, 'lost');
        return encode.blob(oid, oid === file ? hello : big);
      }),
      encode.end(),
    ]);
  const got = await fetchAll([bigFile, file, gone, bad]);
  expect(got.get(file)).toBe(6);
  expect(got.get(gone)).toMatchObject({ kind: 'missing' });
  expect(got.get(bad)).toMatchObject({ kind: 'broken' });
  expect(got.get(bigFile)).toMatchObject({ kind: 'refused' });
  // The large one is left in the middle, and the others asked for again without it.
  expect(asked.map(({ oids }) => oids.length)).toEqual([4, 3]);
});

test('D7: an answer that breaks off is asked on for; one that never brings anything is given up', async () => {
  answer = ({ oids }) => Buffer.concat(oids.slice(0, 1).map((oid) => encode.blob(oid, hello)));
  const got = await fetchAll([file, deep, dir]);
  expect([...got.values()]).toEqual([6, 6, 6]);
  answer = () => Buffer.alloc(0);
  asked.length = 0;
  const failed = await fetchAll([file, deep]);
  expect(failed.get(file)).toMatchObject({ kind: 'broken' });
  expect(asked.length).toBe(2);
});

test("D6: an extension that was there and is not is a proxy's word, and no reason to become slow for ever", async () => {
  answer = () => stream(rootRecord);
  await client.head();
  answer = () => undefined;
  await expect(client.head()).rejects.toMatchObject({ kind: 'broken' });
  await expect(list([{ revision, path: '/dir', oid: dir }])).rejects.toMatchObject({
    kind: 'broken',
  });
  answer = () => stream(rootRecord);
  expect(await client.head()).toEqual({ commit: COMMIT, tree: root });
});

test('D10: leaving a listing early ends the request on the wire', async () => {
  await client.close();
  await server.close();
  let closed: () => void = () => {};
  const gone = new Promise<void>((resolve) => {
    closed = resolve;
  });
  server = await serve((_, response) => {
    response.on('close', closed);
    response.writeHead(200, { 'content-type': 'application/x-scorpio-trees' });
    response.write(Buffer.concat([encode.head(COMMIT, root), rootRecord]));
  });
  client = new MegaClient({ baseUrl: server.url });
  for await (const one of client.trees([{ revision, path: '/' }])) {
    expect(one.path).toBe('/');
    break;
  }
  await gone;
});
