import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, open, readdir, readFile, rm, stat, unlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { canMount, leakCheck, serveInChild, until, type Served } from '@scorpiofs/fuse/testing';
import { startMonoServer, type MonoServer } from '@scorpiofs/mono-server';
import { contentsOf, unpackArchive } from './testing/compare.js';
import { repository, type Files, type Repository } from './testing/repository.js';

const MODULE = new URL('../dist/testing/served.js', import.meta.url).href;
const root = canMount() ? test : test.skip;
const run = promisify(execFile);

const ONE: Files = {
  ...Object.fromEntries(
    Array.from({ length: 120 }, (_, i) => [
      `d${i % 7}/e${i % 13}/f${i}`,
      `${i}\n`.repeat(1 + i * 37),
    ]),
  ),
  'run.sh': { mode: '100755', data: '#!/bin/sh\necho ran\n' },
  link: { mode: '120000', data: 'd0/e0/f0' },
  dangling: { mode: '120000', data: 'to/\xff' },
  vendor: { mode: '160000', data: '1234567890123456789012345678901234567890' },
  empty: '',
  'odd/\xff\xfe': 'not utf-8\n',
  'odd/a b+c#d%e&f?': 'odd\n',
  large: Buffer.alloc(3_000_000, 'large file '),
};
const TWO: Files = { 'd0/e0/f0': 'other\n', 'd1/e1/f1': null, 'd2/new': 'new\n' };

describe('mounted', () => {
  let repo: Repository;
  let server: MonoServer;
  let folder: string;
  let noLeaks: () => Promise<void>;
  beforeAll(async () => {
    noLeaks = await leakCheck();
    repo = await repository(ONE, TWO);
    server = await startMonoServer({ repo: repo.path });
    folder = await mkdtemp(join(tmpdir(), 'scorpio-dicfuse-'));
  });
  afterAll(async () => {
    await server.close();
    await repo[Symbol.asyncDispose]();
    await rm(folder, { recursive: true });
    await noLeaks();
  });

  function serve(
    name: string,
    store: string,
    commits: readonly string[],
    more: { moved?: string; url?: string } = {},
  ): Promise<Served> {
    const storePath = join(folder, store);
    const args = [{ url: server.url, storePath, commits, ...more }];
    return serveInChild({ module: MODULE, export: name, args, mountOptions: { readOnly: true } });
  }

  const requests = async (served: Served) => (await served.stats()).stats.requests;

  root(
    'every byte, mode and link is that of git archive; a second walk asks the daemon nothing (needs root and /dev/fuse)',
    async () => {
      const [commit = ''] = repo.commits;
      const archive = join(folder, 'archive');
      await mkdir(archive);
      await unpackArchive(repo.path, commit, archive);
      await using served = await serve('createView', 'one', [commit]);
      const expected = await contentsOf(archive);
      expect(expected.size).toBeGreaterThan(150);
      expect(await contentsOf(served.mountpoint)).toEqual(expected);
      const before = await requests(served);
      expect(await contentsOf(served.mountpoint)).toEqual(expected);
      expect(existsSync(join(served.mountpoint, 'd0/no such name'))).toBe(false);
      const first = await requests(served);
      // The one name that was new to the kernel.
      expect({ ...first, LOOKUP: 0 }).toEqual({ ...before, LOOKUP: 0 });
      expect(existsSync(join(served.mountpoint, 'd0/no such name'))).toBe(false);
      expect(await requests(served)).toEqual(first);
      expect((await run(join(served.mountpoint, 'run.sh'))).stdout).toBe('ran\n');
      await expect(open(join(served.mountpoint, 'empty'), 'w')).rejects.toMatchObject({
        code: 'EROFS',
      });
      await expect(unlink(join(served.mountpoint, 'empty'))).rejects.toMatchObject({
        code: 'EROFS',
      });
    },
  );

  root(
    'numbers and times are the same after SIGKILL and a restart; what is stored is there without the server (needs root and /dev/fuse)',
    async () => {
      const [commit = ''] = repo.commits;
      const other = await startMonoServer({ repo: repo.path });
      const see = async (top: string) => {
        const paths = ['', 'd0', 'd0/e0', 'd0/e0/f0', 'run.sh', 'vendor', 'large'];
        const seen = await Promise.all(
          paths.map((path) => stat(join(top, path), { bigint: true })),
        );
        return seen.map(({ ino, mtimeNs, size, mode }) => ({ ino, mtimeNs, size, mode }));
      };
      const moved = join(folder, 'on-disk');
      const first = await serve('createView', 'killed', [commit], { url: other.url, moved });
      const before = await see(first.mountpoint);
      expect(await readFile(join(first.mountpoint, 'd0/e0/f0'), 'utf8')).toBe('0\n');
      // The rows of what was just seen are on their way to the disk.
      process.kill(first.pid, 'SIGUSR2');
      await until('they are there', () => existsSync(moved));
      await first.kill9();
      await expect(stat(join(first.mountpoint, 'unseen'))).rejects.toMatchObject({
        code: 'ENOTCONN',
      });
      await first.stop();
      await other.close();
      await using second = await serve('createView', 'killed', [commit], { url: other.url });
      expect(await see(second.mountpoint)).toEqual(before);
      expect(await readFile(join(second.mountpoint, 'd0/e0/f0'), 'utf8')).toBe('0\n');
      await expect(readFile(join(second.mountpoint, 'large'))).rejects.toMatchObject({
        code: 'EIO',
      });
    },
  );

  root(
    'the server goes half-way: what is stored is served, the rest is an error, nothing is short (needs root and /dev/fuse)',
    async () => {
      const [commit = ''] = repo.commits;
      const other = await startMonoServer({ repo: repo.path });
      await using served = await serve('createView', 'cut', [commit], { url: other.url });
      const files = (await run('find', [served.mountpoint, '-name', 'f*', '-type', 'f'])).stdout
        .trim()
        .split('\n');
      const half = files.slice(0, files.length / 2);
      for (const file of half) await readFile(file);
      await other.close();
      const results = await Promise.all(
        files.map((file) =>
          readFile(file).then(
            (data) => data.length,
            (error: NodeJS.ErrnoException) => error.code,
          ),
        ),
      );
      const sizes = await Promise.all(files.map((file) => stat(file).then(({ size }) => size)));
      for (const [i, result] of results.entries())
        expect([sizes[i], 'EIO', 'ETIMEDOUT']).toContain(result);
      for (const file of half) expect(await readFile(file)).toBeDefined();
      await expect(readFile(join(served.mountpoint, 'large'))).rejects.toMatchObject({
        code: 'EIO',
      });
    },
  );

  root(
    'a move while files are open: the open one keeps its content, the kernel drops what differs (needs root and /dev/fuse)',
    async () => {
      const moved = join(folder, 'moved');
      await using served = await serve('createView', 'moves', repo.commits, { moved });
      const at = (path: string) => join(served.mountpoint, path);
      const all = await contentsOf(served.mountpoint);
      const file = await open(at('d0/e0/f0'), 'r');
      expect(existsSync(at('d2/new'))).toBe(false);
      const kept = await stat(at('d1/e1'), { bigint: true });
      const before = await requests(served);
      process.kill(served.pid, 'SIGUSR2');
      await until('it has moved', () => existsSync(moved));
      expect(await readFile(at('d0/e0/f0'), 'utf8')).toBe('other\n');
      expect((await file.read(Buffer.alloc(10), 0, 10, 0)).buffer.toString()).toMatch(/^0\n/);
      await file.close();
      expect(existsSync(at('d1/e1/f1'))).toBe(false);
      expect(await readFile(at('d2/new'), 'utf8')).toBe('new\n');
      expect(await readdir(at('d2'))).toContain('new');
      expect((await stat(at('d1/e1'), { bigint: true })).ino).toBe(kept.ino);
      const after = await contentsOf(served.mountpoint);
      const differs = [...all].filter(([path, content]) => after.get(path) !== content);
      expect(differs.map(([path]) => path).toSorted()).toEqual(['d0/e0/f0', 'd1/e1/f1']);
      const now = await requests(served);
      // Two new files; the listings of what differs: the top, d0, d0/e0, d1, d1/e1, d2 (a listing ends with an empty page).
      expect((now.READ ?? 0) - (before.READ ?? 0)).toBeLessThanOrEqual(3);
      const lists = (counts: typeof now) => (counts.READDIR ?? 0) + (counts.READDIRPLUS ?? 0);
      expect(lists(now) - lists(before)).toBeLessThanOrEqual(12);
    },
  );

  root(
    'D5, D11: under a kernel overlay a changed file keeps its number over a restart of the daemon (needs root and /dev/fuse)',
    async () => {
      const [commit = ''] = repo.commits;
      const upper = await mkdtemp(join(folder, 'upper-'));
      for (const name of ['up', 'work', 'merged']) await mkdir(join(upper, name));
      const merged = join(upper, 'merged');
      const overlay = async (served: Served): Promise<void> => {
        const layers = `lowerdir=${served.mountpoint}/${commit},upperdir=${upper}/up,workdir=${upper}/work`;
        const options = `${layers},redirect_dir=on,xino=on,index=off`;
        await run('mount', ['-t', 'overlay', 'overlay', '-o', options, merged], {
          timeout: 120_000,
        });
      };
      const umount = () => run('umount', [merged], { timeout: 120_000 });
      const number = async (path: string) => (await stat(join(merged, path), { bigint: true })).ino;
      const paths = ['d0/e0/f0', 'd3', 'run.sh'];
      let before: bigint[];
      {
        await using served = await serve('createRevisions', 'overlay', repo.commits);
        await overlay(served);
        try {
          before = await Promise.all(paths.map(number));
          await run('chmod', ['600', join(merged, 'd0/e0/f0')]);
          expect(await number('d0/e0/f0')).toBe(before[0]);
        } finally {
          await umount();
        }
      }
      await using again = await serve('createRevisions', 'overlay', repo.commits);
      await overlay(again);
      try {
        expect(await Promise.all(paths.map(number))).toEqual(before);
        for (let i = 0; i < 3; i++)
          expect(await readFile(join(merged, 'd0/e0/f0'), 'utf8')).toBe('0\n');
        expect((await stat(join(merged, 'd0/e0/f0'))).mode & 0o777).toBe(0o600);
      } finally {
        await umount();
      }
    },
  );
});
