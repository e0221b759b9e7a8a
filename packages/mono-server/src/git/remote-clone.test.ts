import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { startMonoServer } from '../server.js';
import { decodeBlobStream } from '../testing/blob-stream.js';
import { git } from '../testing/git.js';
import { sampleRepository } from '../testing/sample-repository.js';
import { tempDir } from '../testing/temp-dir.js';
import { decodeTreeStream } from '../testing/tree-stream.js';
import { isRemote, redactUrl } from './remote-clone.js';

test('a URL is cloned without blobs; they come in one fetch per request, sizes with them', async () => {
  await using dir = await tempDir();
  await using data = await tempDir();
  const source = join(dir.path, 'source');
  await sampleRepository(source);
  await git(source, 'config', 'uploadpack.allowFilter', 'true');
  await git(source, 'config', 'uploadpack.allowAnySHA1InWant', 'true');
  await using server = await startMonoServer({ repo: `file://${source}`, dataDir: data.path });
  const origin = join(data.path, 'origin.git');
  const packs = async (): Promise<number> =>
    Number(/packs: (\d+)/.exec(await git(origin, 'count-objects', '-v'))?.[1]);
  const atStart = await packs();
  const post = async (path: string, body: object): Promise<Buffer> => {
    const answer = await fetch(`${server.url}/api/v1/scorpio/${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    expect(answer.status).toBe(200);
    return Buffer.from(await answer.arrayBuffer());
  };

  const listing = decodeTreeStream(await post('trees', { wants: [{ path: '/' }], levels: 9 }));
  expect(listing.complete).toBe(true);
  const sizes = listing.records.flatMap((r) => (r.kind === 'tree' ? r.sizes : []));
  // No blob was fetched for the listing, so no size is known: never a guess.
  expect(sizes.every((size) => size === undefined)).toBe(true);
  expect(await packs()).toBe(atStart);

  const oids = (await git(source, 'ls-tree', '-r', '--format=%(objecttype) %(objectname)', 'HEAD'))
    .split('\n')
    .flatMap((line) => (line.startsWith('blob ') ? line.slice(5) : []));
  expect(await post('sizes', { oids })).toHaveLength(28 * oids.length);
  expect(await packs()).toBe(atStart + 1);
  const blobs = decodeBlobStream(await post('blobs', { oids: [...oids, '0'.repeat(39) + '1'] }));
  expect(blobs.complete).toBe(true);
  expect(blobs.blobs.size).toBe(new Set(oids).size);
  expect(blobs.missing).toEqual(['0'.repeat(39) + '1']);
  expect(await packs()).toBe(atStart + 1);
  await git(dir.path, 'clone', '--quiet', `${server.url}/.git`, 'copy');
  expect(await git(join(dir.path, 'copy'), 'rev-list', '--count', 'HEAD')).toBe('2');
});

test('D6: a remote that cannot be reached is 503 and an error record, never "missing"; what is here is served', async () => {
  await using dir = await tempDir();
  await using data = await tempDir();
  const source = join(dir.path, 'source');
  await sampleRepository(source);
  await git(source, 'config', 'uploadpack.allowFilter', 'true');
  await git(source, 'config', 'uploadpack.allowAnySHA1InWant', 'true');
  const a = await git(source, 'rev-parse', 'HEAD:src/a.ts');
  const readme = await git(source, 'rev-parse', 'HEAD:README.md');
  const repo = `file://${source}`;
  const first = await startMonoServer({ repo, dataDir: data.path });
  expect((await fetch(`${first.url}/api/v1/file/blob/${a}`)).status).toBe(200);
  await rename(source, `${source}.gone`);
  await first.close();
  await using server = await startMonoServer({ repo, dataDir: data.path });
  expect((await fetch(`${server.url}/api/v1/file/blob/${a}`)).status).toBe(200);
  expect((await fetch(`${server.url}/api/v1/file/blob/${readme}`)).status).toBe(503);
  const answer = await fetch(`${server.url}/api/v1/scorpio/blobs`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ oids: [a, readme] }),
  });
  const blobs = decodeBlobStream(Buffer.from(await answer.arrayBuffer()));
  expect([...blobs.blobs.keys()]).toEqual([a]);
  expect([...blobs.errors.keys()]).toEqual([readme]);
});

test('bad input: a URL that cannot be cloned', async () => {
  await expect(startMonoServer({ repo: 'file:///nonexistent/repo.git' })).rejects.toMatchObject({
    code: 'MONO_CLONE',
  });
});

test('URLs are told from paths, and shown without credentials', () => {
  expect(isRemote('https://example.test/x.git')).toBe(true);
  expect(isRemote('git@example.test:x.git')).toBe(true);
  expect(isRemote('./x')).toBe(false);
  expect(isRemote('/x/y:z')).toBe(false);
  expect(redactUrl('https://me:secret@example.test/x')).toBe('https://example.test/x');
});
