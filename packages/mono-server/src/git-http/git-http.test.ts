import { execFileSync } from 'node:child_process';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startMonoServer, type MonoServer } from '../server.js';
import { git } from '../testing/git.js';
import { sampleRepository } from '../testing/sample-repository.js';
import { tempDir } from '../testing/temp-dir.js';

const ADA = 'token-of-ada';
const BOB = 'token-of-bob';

let dir: Awaited<ReturnType<typeof tempDir>>;
let work: Awaited<ReturnType<typeof tempDir>>;
let server: MonoServer;
let n = 0;

beforeAll(async () => {
  dir = await tempDir();
  work = await tempDir();
  await sampleRepository(dir.path);
  server = await startMonoServer({ repo: dir.path, tokens: { [ADA]: 'ada', [BOB]: 'bob' } });
});

afterAll(async () => {
  await server.close();
  await work[Symbol.asyncDispose]();
  await dir[Symbol.asyncDispose]();
});

const as = (token: string, path: string, base = server.url): string =>
  `${base.replace('http://', `http://x:${token}@`)}${path}`;

async function clone(path: string, ...options: string[]): Promise<string> {
  const target = join(work.path, `clone-${n++}`);
  await git(work.path, 'clone', '--quiet', ...options, as(ADA, path), target);
  return target;
}

async function commitFile(at: string, name: string, content: string): Promise<void> {
  await writeFile(join(at, name), content);
  await git(at, 'add', '--all');
  await git(at, 'commit', '--quiet', '-m', `change ${name}`);
}

const refs = (path: string): Promise<string> => git(work.path, 'ls-remote', `${server.url}${path}`);
const api = async (
  path: string,
  init?: RequestInit,
): Promise<{ status: number; body: unknown }> => {
  const answer = await fetch(`${server.url}/api/v1${path}`, init);
  const text = await answer.text();
  return { status: answer.status, body: text.startsWith('{') ? JSON.parse(text) : text };
};
const merge = (link: string) => api(`/cl/${link}/merge-no-auth`, { method: 'POST' });
const links = async (path: string): Promise<string[]> =>
  [...(await refs(path)).matchAll(/refs\/cl\/([A-Z0-9]{8})/g)].map((match) => match[1] ?? '');

describe('git over HTTP', () => {
  test('a clone of the root is the whole repository, with its history', async () => {
    const copy = await clone('/.git');
    expect(await git(copy, 'rev-parse', 'HEAD')).toBe(await git(dir.path, 'rev-parse', 'HEAD'));
    expect(await git(copy, 'rev-list', '--count', 'HEAD')).toBe('2');
    expect(await git(copy, 'fsck', '--strict')).toBe('');
  });

  test('M41: a clone of a sub-directory is one parentless commit with the directory’s tree', async () => {
    const copy = await clone('/src.git');
    expect(await git(copy, 'rev-list', '--count', 'HEAD')).toBe('1');
    expect(await git(copy, 'rev-parse', 'HEAD^{tree}')).toBe(
      await git(dir.path, 'rev-parse', 'HEAD:src'),
    );
    expect(await git(copy, 'log', '--format=%an %s', '-1')).toBe('Ada Example second');
  });

  test('M40, M46: missing directories, files and .github are empty repositories', async () => {
    for (const path of ['/nope', '/README.md', '/.github']) expect(await refs(path)).toBe('');
  });

  test('M61: several who ask at once for a directory without row get the same answer', async () => {
    const asked = Array.from({ length: 12 }, () => refs('/src/deep'));
    expect(new Set(await Promise.all(asked)).size).toBe(1);
  });

  test('M43: pushing needs a token; a wrong one is 401, too', async () => {
    const copy = await clone('/src');
    await commitFile(copy, 'x', 'x');
    await expect(git(copy, 'push', as('wrong', '/src'), 'HEAD:main')).rejects.toThrow();
    const answer = await fetch(`${server.url}/src/git-receive-pack`, { method: 'POST' });
    expect([answer.status, answer.headers.get('www-authenticate')]).toEqual([
      401,
      'Basic realm="Mega", Bearer realm="Mega"',
    ]);
  });

  test('M44, M45, M27: one commit makes a change list, `main` stays, a second push updates it; two commits are refused', async () => {
    const copy = await clone('/src');
    const before = await refs('/src');
    await commitFile(copy, 'new.ts', 'one\n');
    await git(copy, 'push', '--quiet', as(ADA, '/src'), 'HEAD:refs/heads/topic');
    const [link = ''] = await links('/src');
    expect(link).toMatch(/^[A-Z0-9]{8}$/);
    expect(await refs('/src')).toContain(before.split('\n')[0]);
    const blob = await git(copy, 'rev-parse', 'HEAD:new.ts');
    expect(await api(`/file/blob/${blob}`)).toEqual({ status: 200, body: 'one\n' });

    await commitFile(copy, 'new2.ts', 'two\n');
    await git(copy, 'reset', '--quiet', '--soft', 'HEAD~2');
    await git(copy, 'commit', '--quiet', '-m', 'other title');
    await git(copy, 'push', '--quiet', '--force', as(ADA, '/src'), 'HEAD:main');
    expect(await links('/src')).toEqual([link]);
    const { body } = await api(`/cl/${link}/files-list`);
    expect(body).toMatchObject({ data: [{ path: 'new.ts' }, { path: 'new2.ts' }] });
    await git(copy, 'push', '--quiet', '--force', as(BOB, '/src'), 'HEAD:main');
    expect(await links('/src')).toHaveLength(2);

    await commitFile(copy, 'a3', '3');
    await commitFile(copy, 'a4', '4');
    await expect(git(copy, 'push', as(ADA, '/src'), 'HEAD:main')).rejects.toThrow(/one new commit/);
    expect(await merge(link)).toMatchObject({ status: 200 });
    expect(await api('/tree/content-hash?path=/src')).toMatchObject({ status: 200 });
    expect(JSON.stringify((await api('/tree/content-hash?path=/src')).body)).toContain('new2.ts');
    // The other one started from the commit before: a conflict (M29).
    const [other = ''] = (await links('/src')).filter((one) => one !== link);
    expect(await merge(other)).toMatchObject({ status: 400 });
  });

  test('an incremental fetch brings a merge; the pushed commit is part of it', async () => {
    const copy = await clone('/src/deep');
    await commitFile(copy, 'more', 'more\n');
    await git(copy, 'push', '--quiet', as(ADA, '/src/deep'), 'HEAD:main');
    const [link = ''] = await links('/src/deep');
    expect(await merge(link)).toMatchObject({ status: 200 });
    await git(copy, 'pull', '--quiet', '--ff-only');
    expect(await git(copy, 'rev-parse', 'HEAD^{tree}')).toBe(
      JSON.stringify((await api('/tree/dir-hash?path=/src/deep')).body).match(/[0-9a-f]{40}/)?.[0],
    );
    expect(await git(copy, 'fsck', '--strict')).toBe('');
    // M41b's other half: a merge below the root moves the rows of its ancestors along.
    expect(JSON.stringify((await api('/tree/content-hash?path=/src/deep')).body)).toContain('more');
  });

  test('M54: a change in an existing sub-directory is merged to its own place', async () => {
    const copy = await clone('/.git');
    await mkdir(join(copy, 'src/brand'), { recursive: true });
    await writeFile(join(copy, 'src/brand/new'), 'n\n');
    await writeFile(join(copy, 'run.sh'), '#!/bin/sh\nexit 0\n');
    await writeFile(join(copy, 'tool'), 't\n');
    await chmod(join(copy, 'tool'), 0o755);
    await git(copy, 'rm', '--quiet', 'src/a+b');
    await git(copy, 'add', '--all');
    await git(copy, 'commit', '--quiet', '-m', 'deep');
    await git(copy, 'push', '--quiet', as(ADA, '/.git'), 'HEAD:main');
    const [link = ''] = await links('/.git');
    expect(await merge(link)).toMatchObject({ status: 200 });
    const after = await clone('/.git');
    const listing = await git(after, 'ls-tree', '-r', '--format=%(objectmode) %(path)', 'HEAD');
    const lines = listing.split('\n');
    expect(lines).toContain('100644 src/brand/new');
    // M55: what is modified keeps its mode, what is added is a plain file.
    expect(lines).toContain('100755 run.sh');
    expect(lines).toContain('100644 tool');
    expect(lines).not.toContain('100644 src/a+b');
    expect(lines).toContain('120000 link');
    expect(lines).toContain('160000 vendor');
  });

  test('M62: deleting a ref answers and deletes nothing', async () => {
    const before = await refs('/src');
    const line = `${'1'.repeat(40)} ${'0'.repeat(40)} refs/heads/main\0 report-status\n`;
    const body = `${(line.length + 4).toString(16).padStart(4, '0')}${line}0000`;
    const answer = await fetch(`${server.url}/src/git-receive-pack`, {
      method: 'POST',
      headers: { authorization: `Bearer ${ADA}` },
      body,
    });
    expect([answer.status, await answer.text()]).toEqual([200, '']);
    expect(await refs('/src')).toBe(before);
  });

  test('hostile input: trees with `..`, broken packs and malformed requests change nothing', async () => {
    const copy = await clone('/src');
    const blob = await git(copy, 'rev-parse', 'HEAD:a.ts');
    const tree = execFileSync('git', ['-C', copy, 'mktree'], { input: `100644 blob ${blob}\t..\n` })
      .toString()
      .trim();
    const commit = await git(copy, 'commit-tree', '-m', 'bad', '-p', 'HEAD', tree);
    await expect(git(copy, 'push', as(ADA, '/src'), `${commit}:main`)).rejects.toThrow(/unpack/);
    for (const body of ['zzzz', '0005', 'PACK', '00000000PACK']) {
      const headers = { authorization: `Bearer ${ADA}` };
      const init = { method: 'POST', headers, body };
      expect((await fetch(`${server.url}/src/git-receive-pack`, init)).status).toBeLessThan(500);
      expect((await fetch(`${server.url}/src/git-upload-pack`, init)).status).toBeLessThan(500);
    }
  });

  test('M38: any Git-Protocol header, exactly the capabilities of version 0', async () => {
    const answer = await fetch(`${server.url}/src/info/refs?service=git-upload-pack`, {
      headers: { 'git-protocol': 'version=2' },
    });
    const text = await answer.text();
    expect(text).toContain(
      '\0multi_ack_detailed no-done include-tag side-band-64k ofs-delta agent=mega/0.1.0\n',
    );
    expect((await fetch(`${server.url}/src/info/refs`)).status).toBe(400);
  });

  test('import repositories are ordinary: forced updates, many commits, branches; M60: the root can still be cloned', async () => {
    const url = as(ADA, '/third-party/lib.git');
    await git(dir.path, 'push', '--quiet', url, 'main', 'main:topic', 'v2');
    await git(dir.path, 'push', '--quiet', '--force', url, 'v1^{commit}:refs/heads/main');
    const head = await git(dir.path, 'rev-parse', 'v1^{commit}');
    expect(await refs('/third-party/lib')).toContain(`${head}\trefs/heads/main`);
    const { body } = await api('/tree/content-hash?path=/third-party/lib');
    expect(JSON.stringify(body)).toContain(await git(dir.path, 'rev-parse', 'v1:src'));
    // M52: the placeholder is not the tree, and its file is not shown.
    const placeholder = JSON.stringify((await api('/tree/dir-hash?path=/third-party/lib')).body);
    expect(placeholder).not.toContain(await git(dir.path, 'rev-parse', 'v1^{tree}'));
    const copy = await clone('/.git');
    const keep = await git(copy, 'rev-parse', 'HEAD:third-party/lib/.gitkeep');
    expect((await api(`/file/blob/${keep}`)).status).toBe(404);
    expect((await clone('/third-party/lib')).length).toBeGreaterThan(0);
    await expect(refs('/third-party')).rejects.toThrow();
  });
});

test('D9: what was pushed and merged is there after a restart with the same data directory', async () => {
  await using data = await tempDir();
  const options = { repo: dir.path, dataDir: data.path, tokens: { [ADA]: 'ada' } };
  const first = await startMonoServer(options);
  const created = await fetch(`${first.url}/api/v1/create-entry`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ is_directory: false, name: 'n', path: '/', content: 'kept\n' }),
  });
  const { data: made } = (await created.json()) as { data: { cl_link: string } };
  await fetch(`${first.url}/api/v1/cl/${made.cl_link}/merge-no-auth`, { method: 'POST' });
  const head = await (await fetch(`${first.url}/api/v1/latest-commit?path=/`)).text();
  await first.close();
  await using second = await startMonoServer(options);
  expect(await (await fetch(`${second.url}/api/v1/latest-commit?path=/`)).text()).toBe(head);
  const again = await fetch(`${second.url}/api/v1/blob?path=/n`);
  expect(await again.json()).toMatchObject({ data: 'kept\n' });
});

test('a shallow repository can be cloned as far as it goes', async () => {
  await git(work.path, 'clone', '--quiet', '--depth=1', `file://${dir.path}`, 'shallow');
  await using shallow = await startMonoServer({ repo: join(work.path, 'shallow') });
  const target = join(work.path, 'of-shallow');
  await git(work.path, 'clone', '--quiet', `${shallow.url}/.git`, target);
  expect(await git(target, 'rev-list', '--count', 'HEAD')).toBe('1');
});
