import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, test } from '@jest/globals';
import { canMount, serveInChild } from '@scorpiofs/fuse/testing';
import { startMonoServer } from '@scorpiofs/mono-server';
import type { Oid } from '@scorpiofs/objects';
import { Store } from '@scorpiofs/store';

const MODULE = new URL('../dist/testing/served.js', import.meta.url).href;
const root = canMount() ? test : test.skip;

const SIZE = 10 * 2 ** 30;
/** All zeros but for these, at places where 32 bits end. */
const MARKS: readonly (readonly [offset: number, text: string])[] = [
  [2 ** 31 - 3, 'below2G'],
  [2 ** 32 - 3, 'across4G'],
  [5 * 2 ** 30 + 7, 'at5G'],
  [SIZE - 5, '<end>'],
];
/** Hashed once: it takes seconds. */
const OID = '4ce8c2266c8c6e7a55718d84ee3104d0813c7708' as Oid;

/** A repository whose only file is one that it does not have. */
function repositoryOf(path: string): Oid {
  const who = ['-c', 'user.name=t', '-c', 'user.email=t@t'];
  const git = (...args: string[]): string =>
    execFileSync('git', [...who, '-C', path, ...args])
      .toString()
      .trim();
  git('init', '-q', '-b', 'main');
  git('update-index', '--add', '--cacheinfo', `100644,${OID},huge`);
  const commit = git('commit-tree', '-m', 'huge', git('write-tree', '--missing-ok'));
  git('update-ref', 'HEAD', commit);
  return commit as Oid;
}

root(
  'issue 3: a file of 10 GiB: its size, reads around 2 and 4 GiB, and its last byte (needs root and /dev/fuse)',
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'scorpio-huge-'));
    try {
      const repo = join(folder, 'repo');
      mkdirSync(repo);
      const commit = repositoryOf(repo);
      const storePath = join(folder, 'store');
      const store = await Store.open(storePath);
      store.putSizes([[OID, SIZE]]);
      await store.close();
      // As if it had been fetched: a sparse file takes no time and no room.
      const kept = join(storePath, 'scorpiofs-store/files', OID.slice(0, 2), OID.slice(2));
      mkdirSync(dirname(kept), { recursive: true });
      writeFileSync(kept, '');
      truncateSync(kept, SIZE);
      const file = await open(kept, 'r+');
      for (const [offset, text] of MARKS) await file.write(text, offset);
      await file.close();
      expect(statSync(kept).size).toBe(SIZE);

      await using server = await startMonoServer({ repo });
      await using served = await serveInChild({
        module: MODULE,
        export: 'createView',
        args: [{ url: server.url, storePath, commits: [commit] }],
        mountOptions: { readOnly: true },
      });
      const path = join(served.mountpoint, 'huge');
      const { size, blocks } = await stat(path);
      expect([size, blocks]).toEqual([SIZE, SIZE / 512]);
      await using huge = await open(path, 'r');
      const read = async (offset: number, length: number): Promise<string> => {
        const { buffer, bytesRead } = await huge.read(Buffer.alloc(length), 0, length, offset);
        return buffer.toString('latin1', 0, bytesRead);
      };
      for (const [offset, text] of MARKS)
        expect(await read(offset - 1, text.length + 1)).toBe(`\0${text}`);
      expect(await read(SIZE - 1, 10)).toBe('>');
      expect(await read(SIZE, 10)).toBe('');
      expect(await read(2 ** 40, 10)).toBe('');
      // Requests of more than one page, and of 1 MiB, across the border.
      const across = await read(2 ** 32 - 2 ** 19, 2 ** 20);
      expect(across.length).toBe(2 ** 20);
      expect(across.indexOf('across4G')).toBe(2 ** 19 - 3);
      await huge.close();
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
);
