import { execFile } from 'node:child_process';
import { readFileSync, type Stats } from 'node:fs';
import { lstat, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { canMount } from '@scorpiofs/fuse/testing';
import { JobRig } from '../testing/job-rig.js';
import { SmallServer, VIEW } from '../testing/small-server.js';

const root = canMount() ? test : test.skip;
const run = promisify(execFile);
const FIXTURES = new URL('../../fixtures/', import.meta.url);

interface Entry {
  readonly path: string;
  readonly git: '100644' | '100755' | '120000' | '160000';
  readonly size: number | null;
  /** What the reference says: regular, 0755, no links, 1970, whatever it is. */
  readonly accurate: { readonly uid: number; readonly gid: number; readonly size: number };
}

interface Snapshot {
  readonly commands: string;
  /** `./src/a.d c 777`. */
  readonly upper: readonly string[];
  readonly before: Readonly<Record<string, string | readonly string[]>>;
}

const fixture = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(name, FIXTURES), 'utf8'));
const { entries } = fixture('attributes.json') as { entries: readonly Entry[] };
const { after_remount: recorded } = fixture('upper-snapshots.json') as { after_remount: Snapshot };

let server: SmallServer;
beforeAll(async () => {
  server = await SmallServer.start();
});
afterAll(() => server[Symbol.asyncDispose]());

/** Names of a directory, or `absent`, as the snapshots have them. Never in one turn: this process is the server that the view asks. */
async function seen(top: string): Promise<Record<string, string | string[]>> {
  const found = Object.keys(recorded.before).map(async (path) => {
    const names = await readdir(join(top, path)).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined;
      throw error;
    });
    return [path, names?.sort() ?? 'absent'] as const;
  });
  return Object.fromEntries(await Promise.all(found));
}

const typeOf = (stat: Stats): string =>
  stat.isDirectory() ? 'd' : stat.isCharacterDevice() ? 'c' : stat.isSymbolicLink() ? 'l' : 'f';

/** Paths and types, `./src/a.d c`. */
async function below(top: string): Promise<string[]> {
  const paths = await readdir(top, { recursive: true, encoding: 'utf8' });
  return await Promise.all(
    paths.map(async (path) => `./${path} ${typeOf(await lstat(join(top, path)))}`),
  );
}

describe.each(['kernel', 'userspace'] as const)('%s engine', (engine) => {
  root(
    'attributes.json: sizes and owner as recorded; D-25 instead of its 0755 regular files without links (W-51, W-78): what git says',
    async () => {
      await using rig = await JobRig.start(server.url, { engine });
      const { mountpoint } = await rig.create('j', { path: VIEW });
      const stats = () =>
        Promise.all(entries.map(async ({ path }) => await lstat(join(mountpoint, path))));
      const first = await stats();
      const modes = { '100644': '100644', '100755': '100755', '120000': '120777' };
      for (const [i, { path, git, accurate }] of entries.entries()) {
        const { uid, gid, size } = accurate;
        // A submodule is an empty directory, which the reference shows as a file.
        if (git === '160000') expect(await readdir(join(mountpoint, path))).toEqual([]);
        else {
          const mode = Number.parseInt(modes[git], 8);
          expect([path, first[i]]).toMatchObject([path, { mode, nlink: 1, size, uid, gid }]);
        }
      }
      await rig.daemon.stop();
      await rig.restart({ engine });
      const again = (await stats()).map(({ mtimeMs }) => mtimeMs);
      expect(again).toEqual(first.map(({ mtimeMs }) => mtimeMs));
    },
  );

  root(
    'upper-snapshots.json: after the recorded commands the view is as recorded, and, R-01 instead of W-64, W-74, W-75, stays so over R9, R10 and SIGKILL',
    async () => {
      await using rig = await JobRig.start(server.url, { engine });
      const { mount_id, mountpoint } = await rig.create('j', { path: VIEW });
      await run('bash', ['-ec', `cd ${mountpoint}; ${recorded.commands}`], { timeout: 120_000 });
      expect(await seen(mountpoint)).toEqual(recorded.before);
      const upper = await below(join(rig.folder, 'up', mount_id));
      // A file that was moved away leaves a whiteout, which the reference forgets (W-75).
      const lines = recorded.upper.map((line) => line.replace(/ \d+$/, ''));
      const more = ['./README.md c', './bin/data.bin c', './src/a c'];
      expect(upper.sort()).toEqual([...lines, ...more].sort());
      const cl = await server.changeList('src/main.ts', 'changed\n');
      const replaced = await rig.call('POST', `/mounts/${mount_id}/cl`, { cl });
      expect(replaced).toMatchObject({ status: 200, body: { cl } });
      expect(await readFile(join(mountpoint, 'src/main.ts'), 'utf8')).toBe('changed\n');
      expect(await seen(mountpoint)).toEqual(recorded.before);
      expect((await rig.call('DELETE', `/mounts/${mount_id}/cl`)).status).toBe(200);
      expect(await seen(mountpoint)).toEqual(recorded.before);
      await rig.daemon.kill9();
      await rig.restart({ engine });
      expect(await seen(mountpoint)).toEqual(recorded.before);
    },
  );
});
