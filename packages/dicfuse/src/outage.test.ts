import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { canMount, leakCheck, serveInChild, until, type Served } from '@scorpiofs/fuse/testing';
import { startMonoServer, type FaultRule } from '@scorpiofs/mono-server';
import { repository, type Repository } from './testing/repository.js';

const MODULE = new URL('../dist/testing/served.js', import.meta.url).href;
const root = canMount() ? test : test.skip;

const FILES: Readonly<Record<string, string>> = Object.fromEntries(
  Array.from({ length: 240 }, (_, i) => [`d${i % 12}/e${i % 5}/f${i}`, `${i}\n`.repeat(1 + i * 9)]),
);
const PATHS = Object.keys(FILES);

/** What a read of a path gave: right, an errno, or anything else, which must not be. */
async function readOne(mountpoint: string, path: string): Promise<string> {
  try {
    const data = await readFile(join(mountpoint, path), 'latin1');
    return data === FILES[path] ? 'right' : `wrong: ${data.length} bytes`;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error);
  }
}

describe('a server that fails while it is read from', () => {
  let repo: Repository;
  let folder: string;
  let noLeaks: () => Promise<void>;
  beforeAll(async () => {
    noLeaks = await leakCheck();
    repo = await repository(FILES);
    folder = await mkdtemp(join(tmpdir(), 'scorpio-outage-'));
  });
  afterAll(async () => {
    await repo[Symbol.asyncDispose]();
    await rm(folder, { recursive: true });
    await noLeaks();
  });

  const serve = (url: string, store: string): Promise<Served> =>
    serveInChild({
      module: MODULE,
      export: 'createView',
      args: [{ url, storePath: join(folder, store), commits: repo.commits }],
      mountOptions: { readOnly: true },
    });

  root(
    'fs: Z-03: gone for a while under load: errors or right content meanwhile, then all of it, without a new mount (needs root and /dev/fuse)',
    async () => {
      const first = await startMonoServer({ repo: repo.path });
      const bind = first.url.replace('http://', '');
      await using served = await serve(first.url, 'outage');
      const results = new Set<string>();
      let stop = false;
      const load = Array.from({ length: 4 }, async (_, worker) => {
        for (let i = worker; !stop; i += 5) {
          results.add(await readOne(served.mountpoint, PATHS[i % PATHS.length] ?? ''));
          await sleep(5);
        }
      });
      await until('something was read', () => results.has('right'));
      await first.close();
      await sleep(1500);
      await using _again = await startMonoServer({ repo: repo.path, bind });
      stop = true;
      await Promise.all(load);
      for (const result of results) expect(['right', 'EIO', 'ETIMEDOUT']).toContain(result);
      expect(results.has('right')).toBe(true);
      for (const path of PATHS) expect(await readOne(served.mountpoint, path)).toBe('right');
    },
  );

  root(
    'fs: Z-01, R-04: through faults of every kind nothing hangs, is wrong or missing, and the daemon lives on (needs root and /dev/fuse)',
    async () => {
      await using server = await startMonoServer({ repo: repo.path });
      await using served = await serve(server.url, 'faults');
      const kinds: FaultRule[] = [
        { kind: 'reset', path: '/api/v1/scorpio/blobs' },
        { kind: 'truncate', bytes: 300, path: '/api/v1/scorpio' },
        { kind: 'status', status: 500 },
        { kind: 'delay', ms: 30 },
        { kind: 'truncate', bytes: 0 },
        { kind: 'status', status: 409, path: '/api/v1/file/blob' },
        { kind: 'reset' },
      ];
      const results = new Set<string>();
      for (const [i, kind] of kinds.entries()) {
        server.faults.set([kind]);
        const some = PATHS.filter((_, at) => at % 40 === i);
        for (const result of await Promise.all(
          some.map((path) => readOne(served.mountpoint, path)),
        ))
          results.add(result);
      }
      for (const result of results) expect(['right', 'EIO', 'ETIMEDOUT']).toContain(result);
      server.faults.clear();
      for (const path of PATHS) {
        const at = join(served.mountpoint, path);
        // Listed and looked at first, then read: all of it, whatever was known of its size before.
        expect((await readdir(join(at, '..'))).length).toBeGreaterThan(0);
        expect((await stat(at)).size).toBe(FILES[path]?.length);
        expect(await readOne(served.mountpoint, path)).toBe('right');
      }
    },
  );
});
