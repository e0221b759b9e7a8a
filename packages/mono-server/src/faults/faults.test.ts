import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { startMonoServer, type MonoServer } from '../server.js';
import { decodeBlobStream } from '../testing/blob-stream.js';
import { git } from '../testing/git.js';
import { sampleRepository } from '../testing/sample-repository.js';
import { tempDir } from '../testing/temp-dir.js';

let dir: Awaited<ReturnType<typeof tempDir>>;
let server: MonoServer;
let oid: string;

beforeAll(async () => {
  dir = await tempDir();
  await sampleRepository(dir.path);
  oid = await git(dir.path, 'rev-parse', 'HEAD:src/a.ts');
  server = await startMonoServer({ repo: dir.path, faultApi: true });
});

beforeEach(() => server.faults.clear());

afterAll(async () => {
  await server.close();
  await dir[Symbol.asyncDispose]();
});

const blob = (): Promise<Response> => fetch(`${server.url}/api/v1/file/blob/${oid}`);

describe('fault injection (mega-server §7, item 8)', () => {
  test('status, as often as asked, then well again', async () => {
    server.faults.add({ kind: 'status', status: 500, path: '/api/v1/file/', times: 2 });
    expect([(await blob()).status, (await blob()).status, (await blob()).status]).toEqual([
      500, 500, 200,
    ]);
  });

  test('reset closes the connection without an answer; other paths are left alone', async () => {
    server.faults.add({ kind: 'reset', path: '/api/v1/file/' });
    await expect(blob()).rejects.toThrow();
    expect((await fetch(`${server.url}/api/v1/status`)).status).toBe(200);
  });

  test('truncate ends the body early, under the full Content-Length', async () => {
    server.faults.add({ kind: 'truncate', bytes: 5 });
    const answer = await blob();
    expect(answer.headers.get('content-length')).toBe('20');
    await expect(answer.text()).rejects.toThrow();
  });

  test('truncate cuts streams of the extension, too', async () => {
    server.faults.add({ kind: 'truncate', bytes: 30, path: '/api/v1/scorpio/' });
    const answer = await fetch(`${server.url}/api/v1/scorpio/blobs`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ oids: [oid] }),
    });
    await expect(answer.arrayBuffer()).rejects.toThrow();
  });

  test('delay', async () => {
    server.faults.add({ kind: 'delay', ms: 120, times: 1 });
    const start = performance.now();
    await (await blob()).text();
    expect(performance.now() - start).toBeGreaterThan(100);
  });

  test('corrupt: wrong content of the right length for one id, in every route', async () => {
    server.faults.add({ kind: 'corrupt', oid });
    const single = await (await blob()).text();
    expect(single).toHaveLength(20);
    expect(single).not.toBe('export const a = 2;\n');
    const answer = await fetch(`${server.url}/api/v1/scorpio/blobs`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ oids: [oid] }),
    });
    const batch = decodeBlobStream(Buffer.from(await answer.arrayBuffer()));
    expect(batch.blobs.get(oid)?.toString()).not.toBe('export const a = 2;\n');
  });

  test('the API replaces and ends rules, and exists only where it was asked for', async () => {
    const url = `${server.url}/api/v1/scorpio/faults`;
    const set = await fetch(url, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify([{ kind: 'status', status: 503 }]),
    });
    expect(set.status).toBe(200);
    expect((await blob()).status).toBe(503);
    expect((await fetch(url, { method: 'DELETE' })).status).toBe(200);
    expect((await blob()).status).toBe(200);
    const bad = await fetch(url, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify([{ kind: 'explode' }]),
    });
    expect(bad.status).toBe(422);
    await using plain = await startMonoServer({ repo: dir.path });
    const none = await fetch(`${plain.url}/api/v1/scorpio/faults`, { method: 'DELETE' });
    expect(none.status).toBe(404);
  });
});
