import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { SourceError, type Oid, type TreeAnswer, type TreeWant } from '@scorpiofs/objects';
import { MegaClient } from './mega-client.js';
import { recorded, vars } from './testing/recorded.js';
import { replayServer } from './testing/replay-server.js';
import type { TestServer } from './testing/serve.js';

let server: TestServer;
let client: MegaClient;

beforeEach(async () => {
  server = await replayServer();
  client = new MegaClient({ baseUrl: `${server.url}/`, retry: { attempts: 1 } });
});

afterEach(async () => {
  await client.close();
  await server.close();
});

async function list(wants: readonly TreeWant[]): Promise<readonly TreeAnswer[]> {
  const found: TreeAnswer[] = [];
  for await (const answer of client.trees(wants)) found.push(answer);
  return found;
}

test('M14b, mega 4.5: head is commit, tree, commit again; its listing comes along; discovery is one 404', async () => {
  const revision = await client.head();
  expect(revision.commit).toBe(vars['root_commit']);
  const [root] = await list([{ revision, path: '/' }]);
  expect(root).toMatchObject({ oid: revision.tree, verified: true, modesKnown: true });
  expect(root?.entries.map((entry) => entry.name)).toContain('third-party');
  expect(server.asked).toEqual([
    'POST /api/v1/scorpio/trees',
    'GET /api/v1/latest-commit?path=/',
    'GET /api/v1/file/tree?path=/',
    'GET /api/v1/latest-commit?path=/',
  ]);
  expect(await client.capabilities()).toMatchObject({ treeLevels: false, blobBatches: false });
  expect(server.asked).toHaveLength(4);
});

test('C03, C08, M24, fs: M-01: a directory of unchanged main is one guarded request and has its modes', async () => {
  const revision = await client.head();
  const [project] = await list([
    { revision, path: '/project', oid: await oidOf(revision, 'project') },
  ]);
  const small = project?.entries.find((entry) => entry.name === 'small')?.oid;
  server.asked.length = 0;
  const [answer] = await list([{ revision, path: '/project/small', oid: small as Oid }]);
  expect(server.asked).toEqual([`GET /api/v1/file/tree?path=/project/small&oid=${small}`]);
  expect(answer).toMatchObject({ path: '/project/small', oid: small, verified: true });
  const kinds = new Map(answer?.entries.map(({ name, kind }) => [`${name}`, `${kind}`]));
  expect(kinds.get('dirlink')).toBe('symlink');
  expect(kinds.get('README.md')).toBe('file');
  expect(kinds.get('docs')).toBe('directory');
});

async function oidOf(revision: { commit: Oid; tree?: Oid }, name: string): Promise<Oid> {
  const [root] = await list([{ revision, path: '/' }]);
  const entry = root?.entries.find((one) => one.name === name);
  if (!entry) throw new Error(`no ${name} in the root`);
  return entry.oid;
}

test('C13, M52: at the import boundary the real entries come with modes, under the placeholder, unverified', async () => {
  const revision = await client.head();
  const placeholder = vars['placeholder'] as Oid;
  const [answer] = await list([{ revision, path: '/third-party/small', oid: placeholder }]);
  expect(answer).toMatchObject({ oid: placeholder, verified: false, modesKnown: true });
  const vendor = answer?.entries.find((entry) => entry.name === 'vendor');
  expect(vendor?.kind).toBe('directory');
  // Below the boundary ids are content addresses again.
  const src = answer?.entries.find((entry) => entry.name === 'src');
  const [below] = await list([{ revision, path: '/third-party/small/src', oid: src?.oid as Oid }]);
  expect(below).toMatchObject({ verified: true, modesKnown: true });
});

test('C02: nothing where the parent knows no directory is missing, never an empty directory', async () => {
  const revision = await client.head();
  const oid = vars['blob_readme'] as Oid;
  for (const path of [
    '/project/small/nope',
    '/project/small/README.md',
    '/project/small/dirlink',
  ]) {
    await expect(list([{ revision, path, oid }])).rejects.toMatchObject({ kind: 'missing' });
  }
  await expect(list([{ revision, path: '/project/small/nope' }])).rejects.toBeInstanceOf(
    SourceError,
  );
});

test('C25: one directory that fails does not stop the others', async () => {
  const revision = await client.head();
  const good = { revision, path: '/project', oid: await oidOf(revision, 'project') };
  const bad = { revision, path: "/third-party/it's", oid: vars['tree_src'] as Oid };
  const seen: string[] = [];
  const run = async () => {
    for await (const answer of client.trees([bad, good])) seen.push(answer.path);
  };
  await expect(run()).rejects.toMatchObject({ kind: 'broken', status: 500 });
  expect(seen).toEqual(['/project']);
});

test('C07, C16: sizes come by HEAD, once for each id; unknown ones are absent', async () => {
  const readme = vars['blob_readme'] as Oid;
  const empty = vars['blob_empty'] as Oid;
  const unknown = '0123456789012345678901234567890123456789' as Oid;
  await client.capabilities();
  server.asked.length = 0;
  const sizes = await client.sizes([readme, empty, unknown, readme]);
  expect([...sizes]).toEqual(
    expect.arrayContaining([
      [readme, 8],
      [empty, 0],
    ]),
  );
  expect(sizes.size).toBe(2);
  // The empty blob's size is known without asking.
  expect(server.asked.toSorted()).toEqual([
    `HEAD /api/v1/file/blob/${unknown}`,
    `HEAD /api/v1/file/blob/${readme}`,
  ]);
  expect(client.stats().kinds.size).toMatchObject({ requests: 2 });
});

test('C06, M16: contents come whole, by stream and in batches', async () => {
  const oid = vars['blob_run'] as Oid;
  const stream = await client.blob(oid);
  expect(stream.size).toBe(19);
  const pieces: Uint8Array[] = [];
  for await (const piece of stream) pieces.push(piece);
  expect(Buffer.concat(pieces).toString()).toBe(recorded('blob:run:GET').answer.text);
  const unknown = '0123456789012345678901234567890123456789' as Oid;
  const got = new Map<Oid, unknown>();
  for await (const part of client.blobs([oid, unknown]))
    got.set(part.oid, 'data' in part ? Buffer.from(part.data).toString() : part.error);
  expect(got.get(oid)).toBe('#!/bin/sh\necho run\n');
  expect(got.get(unknown)).toMatchObject({ kind: 'missing', status: 404 });
});
