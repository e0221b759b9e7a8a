import { appendFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import type { MonoServerEvent } from '../options.js';
import { startMonoServer, type MonoServer } from '../server.js';
import { git } from '../testing/git.js';
import { sampleRepository } from '../testing/sample-repository.js';
import { tempDir } from '../testing/temp-dir.js';

const headOf = async ({ url }: MonoServer, path = '/'): Promise<string> => {
  const answer = await fetch(`${url}/api/v1/latest-commit?path=${path}`);
  return ((await answer.json()) as { oid: string }).oid;
};
const call = async ({ url }: MonoServer, path: string, body?: object): Promise<unknown> => {
  const post = {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  };
  const answer = await fetch(`${url}/api/v1${path}`, body && post);
  return ((await answer.json()) as { data: unknown }).data;
};
async function commit(repo: string, name: string, content: string): Promise<string> {
  await writeFile(join(repo, name), content);
  await git(repo, 'add', '--all');
  await git(repo, 'commit', '--quiet', '-m', `change ${name}`);
  return git(repo, 'rev-parse', 'HEAD');
}

describe('a repository that is worked in while it is served', () => {
  test('issue 3 item 6: the commit at HEAD is what is served: after a commit, a checkout, a packed ref, in a linked worktree', async () => {
    await using dir = await tempDir();
    const first = await sampleRepository(dir.path);
    const linked = join(dir.path, '..', `${dir.path.split('/').at(-1)}-linked`);
    await git(dir.path, 'worktree', 'add', '--quiet', '--detach', linked);
    try {
      await using server = await startMonoServer({ repo: dir.path });
      await using beside = await startMonoServer({ repo: linked });
      expect(await headOf(server)).toBe(first);
      const second = await commit(dir.path, 'src/new', 'new\n');
      expect(await headOf(server)).toBe(second);
      expect(await call(server, '/blob?path=/src/new')).toBe('new\n');
      expect(await call(server, `/tree/content-hash?path=/src&refs=${first}`)).toHaveLength(3);
      await git(dir.path, 'pack-refs', '--all');
      await git(dir.path, 'gc', '--quiet', '--prune=now');
      expect(await headOf(server)).toBe(second);
      const third = await commit(dir.path, 'src/new', 'newer\n');
      expect(await call(server, '/blob?path=/src/new')).toBe('newer\n');
      await git(dir.path, 'checkout', '--quiet', '--detach', first);
      expect(await headOf(server)).toBe(first);
      await git(dir.path, 'checkout', '--quiet', 'main');
      await git(dir.path, 'tag', 'v3');
      expect(await headOf(server)).toBe(third);
      expect(await call(server, '/tree/dir-hash?path=/src&refs=v3')).toHaveLength(1);
      // Its HEAD is its own.
      expect(await headOf(beside)).toBe(first);
      await git(linked, 'checkout', '--quiet', '--detach', 'main');
      expect(await headOf(beside)).toBe(third);
    } finally {
      await rm(linked, { recursive: true, force: true });
    }
  });

  test('many commits under many questions: the head never goes back, and the last one is seen by all', async () => {
    await using dir = await tempDir();
    await sampleRepository(dir.path);
    await using server = await startMonoServer({ repo: dir.path });
    const order: string[] = [await git(dir.path, 'rev-parse', 'HEAD')];
    let stop = false;
    const readers = Array.from({ length: 4 }, async () => {
      const seen: string[] = [];
      while (!stop) seen.push(await headOf(server));
      return seen;
    });
    for (let i = 0; i < 6; i++) order.push(await commit(dir.path, 'README.md', `${i}\n`));
    const all = await Promise.all(Array.from({ length: 8 }, () => headOf(server)));
    stop = true;
    expect(new Set(all)).toEqual(new Set([order.at(-1)]));
    for (const seen of await Promise.all(readers)) {
      const places = seen.map((oid) => order.indexOf(oid));
      expect(places).toEqual(places.toSorted((a, b) => a - b));
      expect(places).not.toContain(-1);
    }
  });

  test('change lists: one in a directory that did not change stays; after a merge `main` is kept, with one event', async () => {
    await using dir = await tempDir();
    await sampleRepository(dir.path);
    const events: MonoServerEvent[] = [];
    await using server = await startMonoServer({
      repo: dir.path,
      onEvent: (event) => events.push(event),
    });
    await git(dir.path, 'ls-remote', `${server.url}/src/deep.git`);
    const made = (await call(server, '/create-entry', {
      is_directory: false,
      name: 'n',
      path: '/src/deep',
      content: 'n\n',
    })) as { cl_link: string };
    const moved = await commit(dir.path, 'README.md', 'moved\n');
    expect(await headOf(server)).toBe(moved);
    expect(await call(server, `/cl/${made.cl_link}/merge-no-auth`, {})).not.toBeNull();
    const merged = await headOf(server);
    expect(await call(server, '/blob?path=/src/deep/n')).toBe('n\n');
    expect(await call(server, '/blob?path=/README.md')).toBe('moved\n');
    await commit(dir.path, 'README.md', 'again\n');
    expect(await headOf(server)).toBe(merged);
    expect(await headOf(server)).toBe(merged);
    expect(events.filter(({ event }) => event === 'repository_moved')).toHaveLength(1);
    expect(events.filter(({ event }) => event === 'repository_followed')).toHaveLength(1);
  });

  test('an import repository is followed, and the root tells that it changed (M14b)', async () => {
    await using dir = await tempDir();
    const repo = join(dir.path, 'repo');
    const lib = join(dir.path, 'lib');
    for (const at of [repo, lib]) {
      await git(dir.path, 'init', '--quiet', '--initial-branch=main', at);
      await commit(at, 'file', `${at}\n`);
    }
    await using server = await startMonoServer({ repo, imports: { '/third-party/lib': lib } });
    const before = await headOf(server);
    const next = await commit(lib, 'file', 'next\n');
    expect(await headOf(server, '/third-party/lib')).toBe(next);
    expect(await call(server, '/blob?path=/third-party/lib/file')).toBe('next\n');
    expect(await headOf(server)).not.toBe(before);
    await commit(repo, 'file', 'root\n');
    expect(await call(server, '/blob?path=/file')).toBe('root\n');
    expect(await call(server, '/blob?path=/third-party/lib/file')).toBe('next\n');
  });

  test('bad input: a repository that goes away, or has no commit at HEAD, is served as it was, and comes back', async () => {
    await using dir = await tempDir();
    const repo = join(dir.path, 'repo');
    const first = await sampleRepositoryAt(repo);
    const events: MonoServerEvent[] = [];
    await using server = await startMonoServer({ repo, onEvent: (event) => events.push(event) });
    await git(repo, 'symbolic-ref', 'HEAD', 'refs/heads/unborn');
    expect(await headOf(server)).toBe(first);
    expect(await headOf(server)).toBe(first);
    expect(events.filter(({ event }) => event === 'repository_unreadable')).toHaveLength(1);
    await git(repo, 'symbolic-ref', 'HEAD', 'refs/heads/main');
    const second = await commit(repo, 'file', 'x\n');
    expect(await headOf(server)).toBe(second);
    await rename(repo, `${repo}-away`);
    expect(await headOf(server)).toBe(second);
    await rename(`${repo}-away`, repo);
    await appendFile(join(repo, 'file'), 'y\n');
    const third = await commit(repo, 'other', 'y\n');
    expect(await headOf(server)).toBe(third);
  });
});

async function sampleRepositoryAt(path: string): Promise<string> {
  await git('/', 'init', '--quiet', '--initial-branch=main', path);
  return commit(path, 'file', 'first\n');
}

test('a URL is fetched again while somebody asks, without waiting for it', async () => {
  await using dir = await tempDir();
  await sampleRepository(dir.path);
  await git(dir.path, 'config', 'uploadpack.allowFilter', 'true');
  await git(dir.path, 'config', 'uploadpack.allowAnySHA1InWant', 'true');
  await using server = await startMonoServer({ repo: `file://${dir.path}`, refetchMs: 50 });
  const next = await commit(dir.path, 'src/new', 'new\n');
  while ((await headOf(server)) !== next) await sleep(50);
  expect(await call(server, '/blob?path=/src/new')).toBe('new\n');
});
