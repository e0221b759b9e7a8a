import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { objectId } from '../git/loose-object.js';
import { startMonoServer, type MonoServer } from '../server.js';
import { git } from '../testing/git.js';
import { sampleRepository } from '../testing/sample-repository.js';
import { tempDir } from '../testing/temp-dir.js';
import { parseTreeBody } from '../tree/tree-body.js';

let dir: Awaited<ReturnType<typeof tempDir>>;
let server: MonoServer;

beforeAll(async () => {
  dir = await tempDir();
  await sampleRepository(dir.path);
  server = await startMonoServer({ repo: dir.path });
});

afterAll(async () => {
  await server.close();
  await dir[Symbol.asyncDispose]();
});

const get = (path: string, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(`${server.url}/api/v1${path}`, { headers });
const data = async (path: string): Promise<unknown> =>
  ((await (await get(path)).json()) as { data: unknown }).data;
const post = (path: string, body: string | Buffer, headers: Record<string, string> = {}) =>
  fetch(`${server.url}/api/v1${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body,
  });
const LIST = JSON.stringify({
  pagination: { page: 1, per_page: 5 },
  additional: { status: 'open', asc: true },
});

describe('REST over any repository', () => {
  test('M07, M10, M12: ids are those of git rev-parse; links and submodules are files', async () => {
    const listing = (await data('/tree/content-hash?path=/')) as Record<string, string>[];
    expect(listing.map((one) => [one['name'], one['content_type']])).toEqual([
      ['src', 'directory'],
      ['README.md', 'file'],
      ['link', 'file'],
      ['run.sh', 'file'],
      ['vendor', 'file'],
    ]);
    for (const { name = '', oid } of listing)
      expect(oid).toBe(await git(dir.path, 'rev-parse', `HEAD:${name}`));
    expect(await data('/tree/dir-hash?path=/src/deep')).toEqual([
      {
        name: 'deep',
        content_type: 'directory',
        oid: await git(dir.path, 'rev-parse', 'HEAD:src/deep'),
      },
    ]);
  });

  test('M13: commits and bare tags are revisions, lightweight and annotated; branch names are 500', async () => {
    const first = await git(dir.path, 'rev-parse', 'v1');
    const old = await git(dir.path, 'rev-parse', 'v1:src');
    for (const refs of [first, 'v1'])
      expect(await data(`/tree/dir-hash?path=/src&refs=${refs}`)).toMatchObject([{ oid: old }]);
    expect((await get('/tree/content-hash?path=/&refs=v2')).status).toBe(200);
    for (const refs of ['main', 'refs/tags/v1', first.toUpperCase()])
      expect((await get(`/tree/content-hash?path=/&refs=${refs}`)).status).toBe(500);
  });

  test('M15: a plus in a name must be escaped', async () => {
    expect(await data('/blob?path=/src/a%2Bb')).toBe('plus\n');
    expect(await data('/blob?path=/src/a+b')).toBeNull();
  });

  test('M16–M18, M21: exact lengths, no ranges, no validators', async () => {
    const oid = await git(dir.path, 'rev-parse', 'HEAD:README.md');
    const answer = await get(`/file/blob/${oid}`, { range: 'bytes=0-0' });
    expect([answer.status, answer.headers.get('content-length')]).toEqual([200, '9']);
    expect(await answer.text()).toBe('# sample\n');
    expect(answer.headers.get('etag')).toBeNull();
    expect(answer.headers.get('cache-control')).toBeNull();
    expect(answer.headers.get('content-disposition')).toBe(`inline; filename="${oid}"`);
  });

  test('M22–M24: the binary tree hashes to its id and has all five modes', async () => {
    const body = Buffer.from(await (await get('/file/tree?path=/')).arrayBuffer());
    expect(objectId('tree', body)).toBe(await git(dir.path, 'rev-parse', 'HEAD^{tree}'));
    const modes = new Set(parseTreeBody(body).map((item) => item.mode));
    expect(modes).toEqual(new Set(['100644', '100755', '120000', '160000', '40000']));
  });

  test('M25: entries of a new server are not in git’s order', async () => {
    await using fresh = await startMonoServer({ empty: true });
    const answer = await fetch(`${fresh.url}/api/v1/file/tree?path=/`);
    const names = parseTreeBody(Buffer.from(await answer.arrayBuffer())).map((item) => item.name);
    expect(names.slice(0, 3)).toEqual(['third-party', 'project', 'doc']);
  });

  test('M04, M05: request ids, compressed request bodies', async () => {
    const id = 'ab-1_2.3:4/5';
    expect((await get('/status', { 'x-request-id': id })).headers.get('x-request-id')).toBe(id);
    const gzip = await post('/cl/list', gzipSync(LIST), { 'content-encoding': 'gzip' });
    expect(gzip.status).toBe(200);
    expect((await post('/cl/list', LIST, { 'content-encoding': 'zstd' })).status).toBe(415);
    const broken = await post('/cl/list', 'no gzip', { 'content-encoding': 'gzip' });
    expect(broken.status).toBe(400);
  });

  test('§1.1: too large, wrong type, parameters given twice, wrong method', async () => {
    const large = JSON.stringify('x'.repeat(2 * 1024 * 1024));
    expect((await post('/cl/list', large)).status).toBe(413);
    const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024));
    expect((await post('/cl/list', bomb, { 'content-encoding': 'gzip' })).status).toBe(413);
    expect((await post('/cl/list', LIST, { 'content-type': 'text/plain' })).status).toBe(415);
    expect((await get('/tree?path=/&path=/src')).status).toBe(400);
    const wrong = await fetch(`${server.url}/api/v1/cl/list`);
    expect([wrong.status, wrong.headers.get('allow')]).toEqual([405, 'POST']);
  });

  test('older servers: blobs fail with 404 and no body', async () => {
    await using older = await startMonoServer({ repo: dir.path, older: true });
    const answer = await fetch(`${older.url}/api/v1/file/blob/zz`);
    expect([answer.status, await answer.text()]).toEqual([404, '']);
  });

  test('large blobs are streamed whole, and a reader that goes away holds nothing up', async () => {
    await using big = await tempDir();
    await git(big.path, 'init', '--quiet', '--initial-branch=main');
    const { writeFile } = await import('node:fs/promises');
    const content = Buffer.alloc(9 * 1024 * 1024, 'large content ');
    await writeFile(`${big.path}/big`, content);
    await git(big.path, 'add', '--all');
    await git(big.path, 'commit', '--quiet', '-m', 'big');
    const oid = await git(big.path, 'rev-parse', 'HEAD:big');
    await using other = await startMonoServer({ repo: big.path });
    const url = `${other.url}/api/v1/file/blob/${oid}`;
    for (let i = 0; i < 8; i++) {
      const stop = new AbortController();
      await fetch(url, { signal: stop.signal });
      stop.abort();
    }
    const whole = Buffer.from(await (await fetch(url)).arrayBuffer());
    expect(whole.equals(content)).toBe(true);
  });
});
