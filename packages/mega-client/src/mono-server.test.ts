import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { startMonoServer, type MonoServer } from '@scorpiofs/mono-server';
import type { Oid, RepoPath, Revision, TreeAnswer, TreeEntry } from '@scorpiofs/objects';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gitTree, type GitEntry } from './git-tree.js';
import { MegaClient } from './mega-client.js';
import { joinPath } from './path-query.js';

let dir: string;
let repo: string;
let expected: ReadonlyMap<RepoPath, GitEntry>;
let head: Oid;

function git(...args: string[]): string {
  const identity = ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.org'];
  return execFileSync('git', [...identity, ...args], { cwd: repo, encoding: 'utf8' }).trim();
}

/** Everything that a tree can hold: all five modes, names that need escapes, names that are not UTF-8. */
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'scorpiofs-mega-client-'));
  repo = join(dir, 'repo');
  const write = (path: string, data: string | Buffer) => {
    const bytes = Buffer.from(`${repo}/${path}`, 'latin1');
    mkdirSync(Buffer.from(dirname(`${repo}/${path}`), 'latin1'), { recursive: true });
    writeFileSync(bytes, data);
  };
  mkdirSync(repo);
  git('init', '--quiet', '--initial-branch=main');
  write('README.md', '# sample\n');
  write('src/run.sh', '#!/bin/sh\n');
  chmodSync(join(repo, 'src/run.sh'), 0o755);
  symlinkSync('../README.md', join(repo, 'src/link'));
  write('with space/plus+and%25#&?.txt', 'odd\n');
  write('\xc3\xbcnicode/na\xc3\xafve.txt', 'utf8\n');
  write('latin\xff/caf\xe9', 'bytes\n');
  write('big.bin', Buffer.alloc(400_000, 7));
  write('empty', '');
  for (let index = 0; index < 60; index += 1)
    write(`wide/d${index}/file`, `content ${index % 20}\n`);
  git('add', '.');
  const submodule = '1234567890123456789012345678901234567890';
  git('update-index', '--add', '--cacheinfo', `160000,${submodule},vendor/sub`);
  git('commit', '--quiet', '-m', 'sample');
  head = git('rev-parse', 'HEAD') as Oid;
  expected = await gitTree(join(repo, '.git'), head);
});

afterAll(() => {
  rmSync(dir, { recursive: true, force: true });
});

interface Walked {
  readonly files: Map<RepoPath, GitEntry>;
  readonly directories: Map<RepoPath, TreeAnswer>;
}

/** The whole tree, level by level, as a filesystem asks for it. */
async function walk(client: MegaClient, revision: Revision, levels: number): Promise<Walked> {
  const files = new Map<RepoPath, GitEntry>();
  const directories = new Map<RepoPath, TreeAnswer>();
  let wants: { revision: Revision; path: RepoPath; oid?: Oid }[] = [{ revision, path: '/' }];
  while (wants.length > 0) {
    const below: [RepoPath, TreeEntry][] = [];
    for await (const answer of client.trees(wants, { levels })) {
      directories.set(answer.path, answer);
      for (const entry of answer.entries) {
        const path = joinPath(answer.path, entry.name);
        if (entry.kind === 'directory') below.push([path, entry]);
        else files.set(path, { kind: entry.kind, oid: entry.oid });
      }
    }
    wants = below
      .filter(([path]) => !directories.has(path))
      .map(([path, { oid }]) => ({ revision, path, oid }));
  }
  return { files, directories };
}

function blobs(): readonly Oid[] {
  const all = [...expected.values()].filter(({ kind }) => kind !== 'submodule');
  return [...new Set(all.map(({ oid }) => oid))];
}

/** As the store does: nothing is right until it hashes to its id. */
function hashes(oid: Oid, data: Uint8Array): boolean {
  return createHash('sha1').update(`blob ${data.length}\0`).update(data).digest('hex') === oid;
}

const FAST = { retry: { attempts: 3, pause: 5 } };

describe('over the embedded server with its extension', () => {
  let server: MonoServer;
  let client: MegaClient;

  beforeAll(async () => {
    server = await startMonoServer({ repo });
  });
  beforeEach(async () => {
    server.faults.clear();
    await client?.close();
    client = new MegaClient({ baseUrl: server.url, ...FAST });
  });
  afterAll(async () => {
    await client.close();
    await server.close();
  });

  test('D10: a walk by levels gives exactly what git has, and every directory is verified', async () => {
    const revision = await client.head();
    expect(revision.commit).toBe(head);
    const { files, directories } = await walk(client, revision, 1);
    expect(files).toEqual(expected);
    expect([...directories.values()].every(({ verified }) => verified)).toBe(true);
    // Three levels, of which the first came with the head.
    expect(client.stats().requests).toBe(3);
    expect(client.stats().kinds.trees?.requests).toBe(3);
  });

  test('D10: one answer for the whole tree, compressed or not, with the sizes of all files', async () => {
    for (const compress of [false, true]) {
      await client.close();
      client = new MegaClient({ baseUrl: server.url, compress, ...FAST });
      const revision = await client.head();
      const { files, directories } = await walk(client, revision, 9);
      expect(files).toEqual(expected);
      expect(client.stats().requests).toBe(2);
      const told = new Map([...directories.values()].flatMap(({ sizes }) => [...(sizes ?? [])]));
      expect(told).toEqual(await client.sizes(blobs()));
      expect(told.size).toBe(blobs().length);
    }
  });

  test('names that are not UTF-8 are asked for by their bytes', async () => {
    const revision = await client.head();
    for await (const answer of client.trees([{ revision, path: '/latin\xff' }]))
      expect(answer.entries.map(({ name }) => `${name}`)).toEqual(['caf\xe9']);
    expect.assertions(1);
  });

  test('C04, D10: all contents come in one request and hash to their ids; one alone comes as a stream', async () => {
    let count = 0;
    for await (const part of client.blobs(blobs())) {
      expect('data' in part && hashes(part.oid, part.data)).toBe(true);
      count += 1;
    }
    expect(count).toBe(blobs().length);
    expect(client.stats().requests).toBe(1);
    const oid = expected.get('/big.bin')?.oid ?? head;
    const stream = await client.blob(oid);
    const pieces: Uint8Array[] = [];
    for await (const piece of stream) pieces.push(piece);
    expect(stream.size).toBe(400_000);
    expect(hashes(oid, Buffer.concat(pieces))).toBe(true);
  });

  test('D6: an answer cut off half-way leaves what came whole, and the rest is asked for again', async () => {
    const revision = await client.head();
    server.faults.set([{ kind: 'truncate', path: '/api/v1/scorpio', bytes: 500, times: 1 }]);
    const { files } = await walk(client, revision, 1);
    expect(files).toEqual(expected);
    server.faults.set([{ kind: 'truncate', path: '/api/v1/scorpio/blobs', bytes: 300, times: 3 }]);
    for await (const part of client.blobs(blobs()))
      expect('data' in part && hashes(part.oid, part.data)).toBe(true);
  });

  test.each(['reset', 'status'] as const)('C18: a passing %s is survived', async (kind) => {
    server.faults.set([kind === 'status' ? { kind, status: 503, times: 2 } : { kind, times: 2 }]);
    expect(await client.head()).toMatchObject({ commit: head });
    expect(client.stats()).toMatchObject({ retries: 2 });
  });

  test('D6: a commit that does not exist, and a path that does not, are missing', async () => {
    const unknown = { commit: 'e'.repeat(40) as Oid };
    const run = async (revision: Revision, path: RepoPath) => {
      for await (const answer of client.trees([{ revision, path }])) void answer;
    };
    await expect(run(unknown, '/')).rejects.toMatchObject({ kind: 'missing', status: 404 });
    await expect(run({ commit: head }, '/nope')).rejects.toMatchObject({ kind: 'missing' });
    expect(await client.capabilities()).toMatchObject({ treeLevels: true });
  });
});

describe('over the same server without it, as over a real Mega', () => {
  let server: MonoServer;
  let client: MegaClient;

  beforeAll(async () => {
    server = await startMonoServer({ repo, extension: false });
    client = new MegaClient({ baseUrl: server.url, ...FAST });
  });
  afterAll(async () => {
    await client.close();
    await server.close();
  });

  test('issue: one request for each directory and each size, modes included', async () => {
    const revision = await client.head();
    const before = client.stats().requests;
    const { files, directories } = await walkUtf8(client, revision);
    expect(files).toEqual(utf8(expected));
    // The root came with the head.
    expect(client.stats().requests - before).toBe(directories.size - 1);
    expect(
      [...directories.values()].every(({ verified, modesKnown }) => verified && modesKnown),
    ).toBe(true);
    const sizes = await client.sizes(blobs());
    expect(sizes.size).toBe(blobs().length);
    // The first question is how the client learns that sizes do not travel together; the empty blob is known.
    expect(client.stats().kinds.size?.requests).toBe(blobs().length - 1);
    expect(client.stats().kinds.sizes?.requests ?? 0).toBe(0);
  });

  test('C04: contents come one by one and hash to their ids', async () => {
    for await (const part of client.blobs(blobs()))
      expect('data' in part && hashes(part.oid, part.data)).toBe(true);
  });
});

/** A plain server cannot be asked for the others. */
function utf8<T>(all: ReadonlyMap<RepoPath, T>): Map<RepoPath, T> {
  return new Map([...all].filter(([path]) => !path.startsWith('/latin\xff')));
}

async function walkUtf8(client: MegaClient, revision: Revision): Promise<Walked> {
  const files = new Map<RepoPath, GitEntry>();
  const directories = new Map<RepoPath, TreeAnswer>();
  let wants: { revision: Revision; path: RepoPath; oid?: Oid }[] = [{ revision, path: '/' }];
  while (wants.length > 0) {
    const below: typeof wants = [];
    for await (const answer of client.trees(wants)) {
      directories.set(answer.path, answer);
      for (const { name, kind, oid } of answer.entries) {
        const path = joinPath(answer.path, name);
        if (kind !== 'directory') files.set(path, { kind, oid });
        else if (path !== '/latin\xff') below.push({ revision, path, oid });
      }
    }
    wants = below;
  }
  return { files, directories };
}

test('C11: when main moves on, a pinned revision keeps its listing, proved by hashing where modes can be', async () => {
  const moving = join(dir, 'moving');
  execFileSync('git', ['clone', '--quiet', repo, moving]);
  const run = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=A', '-c', 'user.email=a@b.c', ...args], { cwd: moving });
  const first = await startMonoServer({ repo: moving, extension: false });
  await using client = new MegaClient({ baseUrl: first.url, ...FAST });
  const revision = await client.head();
  // The embedded server serves the head that it found when it started.
  const again = async () =>
    await startMonoServer({ repo: moving, extension: false, bind: new URL(first.url).host });
  await first.close();
  const src = git('rev-parse', 'HEAD:src') as Oid;
  writeFileSync(join(moving, 'src/new.ts'), 'new\n');
  run('add', '.');
  run('commit', '--quiet', '-m', 'moved on');
  const second = await again();
  expect((await client.head()).commit).not.toBe(revision.commit);
  for await (const answer of client.trees([{ revision, path: '/src', oid: src }])) {
    // Modes come from the present tree, and together with the old names they hash to the old id.
    expect(answer).toMatchObject({ oid: src, verified: true, modesKnown: true });
    expect(answer.entries.map(({ name, kind }) => `${kind} ${name}`)).toEqual([
      'symlink link',
      'executable run.sh',
    ]);
  }
  chmodSync(join(moving, 'src/run.sh'), 0o644);
  run('commit', '--quiet', '-am', 'mode');
  await second.close();
  await using third = await again();
  expect(third.url).toBe(first.url);
  for await (const answer of client.trees([{ revision, path: '/src', oid: src }]))
    expect(answer).toMatchObject({ oid: src, verified: false, modesKnown: false });
  expect.assertions(5);
});
