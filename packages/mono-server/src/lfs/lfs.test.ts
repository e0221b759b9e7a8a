import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startMonoServer, type MonoServer } from '../server.js';

let server: MonoServer;

beforeAll(async () => {
  server = await startMonoServer({ empty: true });
});

afterAll(() => server.close());

const sha = (content: string): string => createHash('sha256').update(content).digest('hex');
const post = async (path: string, body: unknown): Promise<{ status: number; json: unknown }> => {
  const answer = await fetch(server.url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/vnd.git-lfs+json' },
    body: JSON.stringify(body),
  });
  const text = await answer.text();
  return { status: answer.status, json: /^[{[]/.test(text) ? JSON.parse(text) : text };
};
const announce = (content: string): Promise<unknown> =>
  post('/project.git/info/lfs/objects/batch', {
    operation: 'upload',
    transfers: ['basic'],
    hash_algo: 'sha256',
    objects: [{ oid: sha(content), size: content.length }],
  });
const put = (oid: string, body: string): Promise<Response> =>
  fetch(`${server.url}/info/lfs/objects/${oid}`, { method: 'PUT', body });

describe('LFS (mega-server ch. 3)', () => {
  test('M47–M50: members are required, unknown ids are errors per object, BASE/lfs and chunks do not exist', async () => {
    const missing = await post('/info/lfs/objects/batch', { operation: 'download', objects: [] });
    expect(missing.status).toBe(422);
    for (const path of ['/lfs/objects/batch', `/info/lfs/objects/${'a'.repeat(64)}/chunks`]) {
      const answer = await post(path, {});
      expect(answer).toEqual({ status: 404, json: 'Operation not supported' });
    }
  });

  test('an announced object is stored and served; one that was not is refused', async () => {
    expect((await put(sha('hello'), 'hello')).status).toBe(404);
    await announce('hello');
    expect((await put(sha('hello'), 'hello')).status).toBe(200);
    const answer = await fetch(`${server.url}/api/v1/lfs/objects/${sha('hello')}`);
    expect(answer.headers.get('content-length')).toBeNull();
    expect(await answer.text()).toBe('hello');
  });

  test('no data is lost: content that does not have its id or its size is refused and not kept', async () => {
    await announce('right');
    expect((await put(sha('right'), 'wrong')).status).toBe(400);
    expect((await put(sha('right'), 'right and more')).status).toBe(400);
    expect((await fetch(`${server.url}/info/lfs/objects/${sha('right')}`)).status).toBe(404);
    expect((await put(sha('right'), 'right')).status).toBe(200);
  });

  test('locks are kept by ref', async () => {
    const made = await post('/info/lfs/locks', { path: 'a.bin', ref: { name: 'main' } });
    expect(made.status).toBe(201);
    const again = await post('/info/lfs/locks', { path: 'a.bin', ref: { name: 'main' } });
    expect(again.status).toBe(409);
    const { lock } = made.json as { lock: { id: string } };
    const verify = await post('/info/lfs/locks/verify', { ref: { name: 'main' } });
    expect(verify.json).toMatchObject({ ours: [{ id: lock.id, path: 'a.bin' }], theirs: [] });
    expect((await post(`/info/lfs/locks/${lock.id}/unlock`, {})).status).toBe(200);
    const list = await fetch(`${server.url}/info/lfs/locks?refspec=main`);
    expect(await list.json()).toEqual({ locks: [], next_cursor: '' });
  });
});
