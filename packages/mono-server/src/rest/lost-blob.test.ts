import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startMonoServer, type MonoServer } from '../server.js';
import { git } from '../testing/git.js';
import { tempDir } from '../testing/temp-dir.js';

let dir: Awaited<ReturnType<typeof tempDir>>;
let server: MonoServer;

beforeAll(async () => {
  dir = await tempDir();
  await git(dir.path, 'init', '--quiet', '--initial-branch=main');
  await writeFile(join(dir.path, 'small'), 'small\n');
  await writeFile(join(dir.path, 'damaged'), 'damaged\n');
  await writeFile(join(dir.path, 'large'), Buffer.alloc(2 * 1024 * 1024, 'large '));
  await git(dir.path, 'add', '--all');
  await git(dir.path, 'commit', '--quiet', '-m', 'all');
  server = await startMonoServer({ repo: dir.path });
});

afterAll(async () => {
  await server.close();
  await dir[Symbol.asyncDispose]();
});

test.each(['small', 'large', 'damaged'])(
  'M20: %s: known, but its object is lost: 409, and the server goes on',
  async (name) => {
    const oid = await git(dir.path, 'rev-parse', `HEAD:${name}`);
    const url = `${server.url}/api/v1/file/blob/${oid}`;
    expect((await fetch(url, { method: 'HEAD' })).status).toBe(200);
    const object = join(dir.path, '.git/objects', oid.slice(0, 2), oid.slice(2));
    await rm(object);
    if (name === 'damaged') await writeFile(object, 'no object');
    const answer = await fetch(url);
    expect(answer.status).toBe(409);
    expect(await answer.json()).toEqual({
      req_result: false,
      data: null,
      err_message: expect.stringContaining('obj_missing_in_s3_but_has_meta'),
    });
    const unknown = `${server.url}/api/v1/file/blob/${'0'.repeat(39)}1`;
    expect((await fetch(unknown)).status).toBe(404);
    expect((await fetch(`${server.url}/api/v1/tree?path=/`)).status).toBe(200);
  },
);
