import { execFileSync } from 'node:child_process';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startMonoServer, type MonoServer } from '../server.js';
import { git } from '../testing/git.js';
import { sampleRepository } from '../testing/sample-repository.js';
import { tempDir } from '../testing/temp-dir.js';

const ADA = 'token-of-ada';

let work: Awaited<ReturnType<typeof tempDir>>;
let sample: string;
let server: MonoServer;

beforeAll(async () => {
  work = await tempDir();
  sample = join(work.path, 'sample');
  await mkdir(sample);
  await sampleRepository(sample);
  server = await startMonoServer({ empty: true, tokens: { [ADA]: 'ada' } });
});

afterAll(async () => {
  await server.close();
  await work[Symbol.asyncDispose]();
});

const as = (path: string): string => `${server.url.replace('http://', `http://x:${ADA}@`)}${path}`;
const data = async (path: string, init?: RequestInit): Promise<unknown> => {
  const answer = await fetch(`${server.url}/api/v1${path}`, init);
  return ((await answer.json()) as { data: unknown }).data;
};
const OPEN = {
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({
    pagination: { page: 1, per_page: 100 },
    additional: { status: 'open', asc: true },
  }),
};
/** The change list opened last. */
const newest = async (): Promise<string> => {
  const { items } = (await data('/cl/list', OPEN)) as { items: { link: string }[] };
  return items.at(-1)?.link ?? '';
};
const merge = (link: string): Promise<Response> =>
  fetch(`${server.url}/api/v1/cl/${link}/merge-no-auth`, { method: 'POST' });

describe('an empty server, filled by pushes', () => {
  test('M59: a first push below /project waits in a change list; merged, it is exactly the pushed tree; elsewhere it cannot be merged', async () => {
    await git(sample, 'push', '--quiet', as('/project/new/lib.git'), 'v1^{commit}:refs/heads/main');
    expect(await data('/tree/content-hash?path=/project/new/lib')).toMatchObject([
      { name: '.gitkeep', content_type: 'file' },
    ]);
    expect((await merge(await newest())).status).toBe(200);
    const tree = await git(sample, 'rev-parse', 'v1^{tree}');
    expect(await data('/tree/dir-hash?path=/project/new/lib')).toMatchObject([{ oid: tree }]);
    await git(sample, 'push', '--quiet', as('/doc/other.git'), 'v1^{commit}:refs/heads/main');
    expect((await merge(await newest())).status).toBe(404);
    expect(await data('/tree/dir-hash?path=/doc/other')).toEqual([]);
  });

  test('M33: the executable bit alone is no change; M55: it does not survive the merge', async () => {
    const copy = join(work.path, 'bits');
    await git(work.path, 'clone', '--quiet', as('/project/new/lib.git'), copy);
    await chmod(join(copy, 'README.md'), 0o755);
    await writeFile(join(copy, 'added'), 'added\n');
    await git(copy, 'add', '--all');
    await git(copy, 'commit', '--quiet', '-m', 'bits');
    await git(copy, 'push', '--quiet', as('/project/new/lib.git'), 'HEAD:main');
    const link = await newest();
    const files = (await data(`/cl/${link}/files-list`)) as { path: string }[];
    expect(files.map((file) => file.path)).toEqual(['added']);
    expect((await merge(link)).status).toBe(200);
    const body = await fetch(`${server.url}/api/v1/file/tree?path=/project/new/lib`);
    expect(Buffer.from(await body.arrayBuffer()).toString('latin1')).toContain(
      '100644 README.md\0',
    );
  });

  test('M42: no shallow clone, a filter is warned of and everything comes', async () => {
    const url = `${server.url}/project/new/lib.git`;
    await expect(git(work.path, 'clone', '--quiet', '--depth=1', url, 'deep')).rejects.toThrow(
      /shallow/,
    );
    const all = join(work.path, 'filtered');
    await git(work.path, 'clone', '--quiet', '--filter=blob:none', url, all);
    const missing = await git(all, 'rev-list', '--objects', '--missing=print', 'HEAD');
    expect(missing).not.toMatch(/^\?/m);
  });

  test('M58, M63, M64 (faults, not copied): commits are well-formed, tags at the root do no harm, a directory with a submodule can be cloned', async () => {
    const at = { tagger_name: 'ada', name: 'fine', target: '', message: 'm' };
    const head = (await (await fetch(`${server.url}/api/v1/latest-commit?path=/`)).json()) as {
      oid: string;
    };
    const made = await fetch(`${server.url}/api/v1/tags`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ ...at, target: head.oid }),
    });
    expect([200, 201]).toContain(made.status);
    await git(sample, 'push', '--quiet', as('/project/tagged.git'), 'v1^{commit}:refs/heads/main');
    expect((await merge(await newest())).status).toBe(200);
    const copy = join(work.path, 'root');
    await git(work.path, 'clone', '--quiet', `${server.url}/project.git`, copy);
    // The sample has a submodule; `fsck` knows commits without the empty line before the message.
    expect(await git(copy, 'ls-tree', '-r', 'HEAD')).toContain('160000 commit');
    expect(await git(copy, 'fsck', '--strict')).toBe('');
    expect(await git(copy, 'log', '-1', '--format=%s')).not.toBe('');
    const gone = await fetch(`${server.url}/api/v1/tags/fine`, { method: 'DELETE' });
    expect(gone.status).toBe(200);
    const refs = await git(work.path, 'ls-remote', `${server.url}/.git`);
    expect(refs).not.toContain('refs/tags/fine');
  });

  test('M65 (a fault, not copied): a name that is neither UTF-8 nor GBK is pushed, merged and read', async () => {
    const odd = join(work.path, 'odd');
    await git(work.path, 'init', '--quiet', '--initial-branch=main', odd);
    const blob = execFileSync('git', ['-C', odd, 'hash-object', '-w', '--stdin'], { input: 'x\n' });
    const line = Buffer.concat([
      Buffer.from(`100644 blob ${blob.toString().trim()}\t`),
      Buffer.from([0xff, 0xfe, 0x0a]),
    ]);
    const tree = execFileSync('git', ['-C', odd, 'mktree'], { input: line }).toString().trim();
    const commit = await git(odd, 'commit-tree', '-m', 'odd', tree);
    await git(odd, 'push', '--quiet', as('/project/odd.git'), `${commit}:refs/heads/main`);
    expect((await merge(await newest())).status).toBe(200);
    expect(await data('/tree/dir-hash?path=/project/odd')).toMatchObject([{ oid: tree }]);
  });
});

test('M53: import repositories ignore `refs` in the tree family; `/latest-commit` and the history honour theirs', async () => {
  const repo = join(work.path, 'main');
  await git(work.path, 'init', '--quiet', '--initial-branch=main', repo);
  await git(repo, 'commit', '--quiet', '--allow-empty', '-m', 'root');
  await using other = await startMonoServer({ repo, imports: { '/third-party/lib': sample } });
  const get = (path: string): Promise<Response> => fetch(`${other.url}/api/v1${path}`);
  const current = await git(sample, 'rev-parse', 'HEAD:src');
  for (const refs of ['', 'v1', 'main', 'nonsense', '1'.repeat(40)]) {
    const answer = await get(`/tree/dir-hash?path=/third-party/lib/src&refs=${refs}`);
    expect([refs, await answer.json()]).toEqual([
      refs,
      expect.objectContaining({ data: [expect.objectContaining({ oid: current })] }),
    ]);
  }
  const latest = await get('/latest-commit?path=/third-party/lib&refs=v1');
  expect(await latest.json()).toMatchObject({ oid: await git(sample, 'rev-parse', 'v1^{commit}') });
  expect((await get('/latest-commit?path=/third-party/lib&refs=nonsense')).status).toBe(400);
  const history = await fetch(`${other.url}/api/v1/commits/history`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      pagination: { page: 1, per_page: 5 },
      additional: { path: '/third-party/lib', refs: 'v1' },
    }),
  });
  expect(await history.json()).toMatchObject({ data: { total: 1 } });
});

test('M37, M51: what the stand-in does not have (ch. 7): uploads want a login, webhooks are an unknown route', async () => {
  const post = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' };
  const upload = await fetch(`${server.url}/api/v1/buck/session/start`, post);
  expect([upload.status, await upload.text()]).toEqual([401, 'Login first']);
  const hook = await fetch(`${server.url}/api/v1/webhooks`, post);
  expect([hook.status, await hook.text()]).toEqual([404, 'Operation not supported']);
});
