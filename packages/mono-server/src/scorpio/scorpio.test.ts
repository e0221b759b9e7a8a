import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { objectId } from '../git/loose-object.js';
import { startMonoServer, type MonoServer } from '../server.js';
import { decodeBlobStream } from '../testing/blob-stream.js';
import { git } from '../testing/git.js';
import { sampleRepository } from '../testing/sample-repository.js';
import { tempDir } from '../testing/temp-dir.js';
import { decodeTreeStream, type TreeStream } from '../testing/tree-stream.js';

let dir: Awaited<ReturnType<typeof tempDir>>;
let server: MonoServer;
let head: string;

beforeAll(async () => {
  dir = await tempDir();
  head = await sampleRepository(dir.path);
  server = await startMonoServer({ repo: dir.path });
});

afterAll(async () => {
  await server.close();
  await dir[Symbol.asyncDispose]();
});

async function post(path: string, body: unknown): Promise<{ status: number; body: Buffer }> {
  const answer = await fetch(`${server.url}/api/v1/scorpio/${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'accept-encoding': 'identity' },
    body: JSON.stringify(body),
  });
  return { status: answer.status, body: Buffer.from(await answer.arrayBuffer()) };
}

async function trees(body: object): Promise<TreeStream> {
  const answer = await post('trees', body);
  expect(answer.status).toBe(200);
  return decodeTreeStream(answer.body);
}

const rev = (spec: string): Promise<string> => git(dir.path, 'rev-parse', spec);

describe('capability extension (D10)', () => {
  test('capabilities are discovered, and can be switched off', async () => {
    const answer = await fetch(`${server.url}/api/v1/scorpio/capabilities`);
    expect(await answer.json()).toEqual({
      version: 1,
      sizes_in_trees: true,
      tree_levels: true,
      blob_batches: true,
      max_batch: 4096,
    });
    await using plain = await startMonoServer({ repo: dir.path, extension: false });
    const none = await fetch(`${plain.url}/api/v1/scorpio/capabilities`);
    expect([none.status, await none.text()]).toEqual([404, 'Operation not supported']);
  });

  test('all levels come parents first, with modes in the bodies and exact sizes', async () => {
    const stream = await trees({ commit: null, wants: [{ path: '/', oid: null }], levels: 9 });
    expect(stream.complete).toBe(true);
    expect([stream.commit, stream.tree]).toEqual([head, await rev('HEAD^{tree}')]);
    expect(stream.records.map((r) => ('path' in r ? r.path : ''))).toEqual([
      '/',
      '/src',
      '/src/deep',
    ]);
    for (const record of stream.records) {
      if (record.kind !== 'tree') throw new Error(record.kind);
      expect(record.hashes).toBe(true);
      expect(objectId('tree', record.body)).toBe(record.oid);
      expect(record.oid).toBe(await rev(`HEAD:${record.path.slice(1)}`));
    }
    const root = stream.records[0];
    // README.md, link -> README.md, run.sh, src, vendor: a tree and a submodule have no size.
    expect(root?.kind === 'tree' && root.sizes).toEqual([9, 9, 10, undefined, undefined]);
  });

  test('levels, max_entries, byte paths, missing paths', async () => {
    const one = await trees({ wants: [{ path: '/' }], levels: 1 });
    expect(one.records).toHaveLength(1);
    const cut = await trees({ wants: [{ path: '/' }], levels: 9, max_entries: 1 });
    expect(cut.records.at(-1)).toEqual({ kind: 'more' });
    expect(cut.complete).toBe(true);
    const bytes = Buffer.from('/src/deep').toString('base64');
    const some = await trees({
      commit: head,
      wants: [{ path_b64: bytes }, { path: '/nope' }, { path: '/src/../src' }, { path: '/link' }],
    });
    expect(some.records.map((r) => [r.kind, 'path' in r && r.path])).toEqual([
      ['missing', '/nope'],
      ['missing', '/src/../src'],
      ['missing', '/link'],
      ['tree', '/src/deep'],
    ]);
  });

  test('a stated id is answered from that id', async () => {
    const oid = await rev('v1:src');
    const old = await trees({ wants: [{ path: '/src', oid }], levels: 1 });
    expect(old.records[0]).toMatchObject({ kind: 'tree', path: '/src', oid, hashes: true });
  });

  test('the answer is compressed when asked for', async () => {
    const answer = await fetch(`${server.url}/api/v1/scorpio/trees`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'accept-encoding': 'gzip' },
      body: JSON.stringify({ wants: [{ path: '/' }], levels: 3 }),
    });
    expect(answer.headers.get('content-encoding')).toBe('gzip');
    expect(decodeTreeStream(Buffer.from(await answer.arrayBuffer())).complete).toBe(true);
  });

  test('sizes: exact, all ones for what is no blob', async () => {
    const oids = [await rev('HEAD:src/a.ts'), await rev('HEAD:src'), '0'.repeat(40)];
    const { body } = await post('sizes', { oids });
    expect(body).toHaveLength(3 * 28);
    expect([0, 1, 2].map((i) => body.toString('hex', i * 28, i * 28 + 20))).toEqual(oids);
    const sizes = [0, 1, 2].map((i) => body.readBigUInt64BE(i * 28 + 20));
    expect(sizes).toEqual([20n, 0xffffffffffffffffn, 0xffffffffffffffffn]);
  });

  test('blobs: contents, the empty one, and missing ones in one answer', async () => {
    const a = await rev('HEAD:src/a.ts');
    const empty = await rev('HEAD:src/deep/leaf');
    const none = 'ab'.repeat(20);
    const tree = await rev('HEAD:src');
    const { body } = await post('blobs', { oids: [a, none, empty, tree, a] });
    const answer = decodeBlobStream(body);
    expect(answer.complete).toBe(true);
    expect(answer.blobs.get(a)?.toString()).toBe('export const a = 2;\n');
    expect(answer.blobs.get(empty)).toHaveLength(0);
    expect(answer.missing).toEqual([none, tree]);
  });

  test('hostile input: ids are checked before they reach git; unknown commits are 404', async () => {
    expect((await post('blobs', { oids: ['--help'] })).status).toBe(422);
    expect((await post('sizes', { oids: [`${'0'.repeat(40)}\nx`] })).status).toBe(422);
    expect((await post('sizes', { oids: Array(4097).fill('0'.repeat(40)) })).status).toBe(422);
    const unknown = await post('trees', { commit: '0'.repeat(40), wants: [{ path: '/' }] });
    expect(unknown.status).toBe(404);
    expect(JSON.parse(unknown.body.toString())).toMatchObject({ req_result: false });
    expect((await post('trees', { wants: [] })).status).toBe(422);
  });
});
