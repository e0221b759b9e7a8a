import { randomUUID } from 'node:crypto';
import { chmod, lstat, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { canMount, until } from '@scorpiofs/fuse/testing';
import { end, insider, JobRig } from '../testing/job-rig.js';
import { ScriptedServer } from '../testing/scripted-server.js';
import { Upstream } from '../testing/upstream.js';

const root = canMount() ? test : test.skip;

let upstream: Upstream;
let server: ScriptedServer;
beforeAll(async () => {
  upstream = await Upstream.start();
  server = await ScriptedServer.start(upstream.url);
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await upstream[Symbol.asyncDispose]();
});

interface Directory {
  readonly kind: string;
  readonly path: string;
}

/** What a call says that it removed, or would remove: `upper …/up/ID`, sorted. */
async function prune(rig: JobRig, body: object): Promise<string[]> {
  const answer = await rig.call('POST', '/prune', body);
  if (answer.status !== 200) throw new Error(JSON.stringify(answer));
  const { directories } = answer.body as unknown as { directories: Directory[] };
  return directories.map(({ kind, path }) => `${kind} ${path}`).sort();
}

const ALL = { older_than_ms: 0 };

describe.each(['kernel', 'userspace'] as const)('POST /prune, %s engine', (engine) => {
  let rig: JobRig;
  beforeAll(async () => {
    if (canMount()) rig = await JobRig.start(server.url, { engine, access: { token: 'secret' } });
  });
  afterAll(async () => {
    if (canMount()) await rig[Symbol.asyncDispose]();
  });
  /** A directory as a crash in the middle of a create leaves it. */
  const crashed = async (): Promise<string> => {
    const directory = join(rig.folder, 'up', randomUUID());
    await mkdir(directory, { recursive: true });
    return directory;
  };
  const isThere = async (directory: string) => (await lstat(directory)).isDirectory();
  const clear = async (): Promise<void> => {
    await prune(rig, ALL);
    expect(await rig.nothingLeft()).toEqual([]);
  };

  root(
    'S-06, D14: the kept upper and change list of an ended job go, those of a view stay; a dry run removes nothing',
    async () => {
      const cl = await upstream.changeList('/project/small/README.md', '# changed\n');
      const at = (...names: string[]) => join(rig.folder, ...names);
      const live = await rig.create('live', { cl });
      const kept = await rig.create('kept', { cl });
      await writeFile(join(kept.mountpoint, 'own'), 'own\n');
      await rig.call('DELETE', `/mounts/${kept.mount_id}?keep=true`);
      const aside = `${randomUUID()}.${randomUUID()}`;
      const [lone, user] = [randomUUID(), randomUUID()];
      await mkdir(at('cl/.new', aside));
      await mkdir(at('up/.work', lone, 'work'), { recursive: true });
      await mkdir(at('mnt-users', user), { recursive: true });
      const found = [
        `cl ${at('cl', kept.mount_id)}`,
        `cl ${at('cl/.new', aside)}`,
        `mountpoint ${at('mnt-users', user)}`,
        `upper ${at('up', kept.mount_id)}`,
        `work ${at('up/.work', lone)}`,
      ].sort();
      // The job has ended just now, and another daemon may be making a view of the rest.
      expect(await prune(rig, {})).toEqual([]);
      expect(await prune(rig, { older_than_ms: 3_600_000, dry_run: false })).toEqual([]);
      expect(await prune(rig, { ...ALL, dry_run: true })).toEqual(found);
      expect(await readFile(at('up', kept.mount_id, 'own'), 'utf8')).toBe('own\n');
      expect(await prune(rig, ALL)).toEqual(found);
      expect(await prune(rig, ALL)).toEqual([]);
      await rig.call('DELETE', `/mounts/${live.mount_id}`);
      expect(await rig.nothingLeft()).toEqual([]);
    },
  );

  root(
    'D14: what was kept counts from the end of its job, however old the directory is',
    async () => {
      const { mount_id } = await rig.create('j');
      const upper = join(rig.folder, 'up', mount_id);
      await chmod(upper, 0o750);
      const before = await lstat(upper);
      // The clock of time stamps goes in steps.
      const probe = join(rig.folder, 'probe');
      await until('its next step', async () => {
        await writeFile(probe, 'x');
        return (await lstat(probe)).ctimeMs > before.ctimeMs;
      });
      await rig.call('DELETE', `/mounts/${mount_id}?keep=true`);
      const after = await lstat(upper);
      expect(after.ctimeMs).toBeGreaterThan(before.ctimeMs);
      expect([after.mode, after.mtimeMs]).toEqual([before.mode, before.mtimeMs]);
      await clear();
    },
  );

  root(
    'A-20, D14: an upper stays while a program is on the detached view of its ended job, and goes then',
    async () => {
      const { mount_id, mountpoint } = await rig.create('j');
      const inside = await insider(mountpoint);
      try {
        await rig.call('DELETE', `/mounts/${mount_id}?keep=true`);
        expect(await rig.mounts()).toEqual([]);
        expect(await prune(rig, ALL)).toEqual([]);
      } finally {
        await end(inside);
      }
      let gone: string[] = [];
      await until('it goes', async () => (gone = await prune(rig, ALL)).length > 0);
      expect(gone).toEqual([`upper ${join(rig.folder, 'up', mount_id)}`]);
      expect(await rig.nothingLeft()).toEqual([]);
    },
  );

  root('S-06: what a create that runs has made stays', async () => {
    const cl = await upstream.changeList('/project/small/docs/two.txt', `${engine}\n`);
    let open = (): void => undefined;
    const gate = new Promise<void>((resolve) => (open = resolve));
    server.requests.length = 0;
    server.scripts = [{ path: /\/file\/blob\//, until: gate }];
    try {
      const creating = rig.create('j', { cl });
      // Of the change list: its layer is being built.
      const held = () => server.requests.some((line) => line.includes('/file/blob/'));
      await until('it is asked for', held);
      expect(await readdir(join(rig.folder, 'cl/.new'))).toHaveLength(1);
      expect(await prune(rig, ALL)).toEqual([]);
      open();
      const { mount_id, mountpoint } = await creating;
      expect(await readFile(join(mountpoint, 'docs/two.txt'), 'utf8')).toBe(`${engine}\n`);
      await rig.call('DELETE', `/mounts/${mount_id}`);
      await clear();
    } finally {
      open();
      server.scripts = [];
    }
  });

  root(
    'H-05, H-10: members of the wrong shape are 422, another type is 415, another method 405; none of them removes anything',
    async () => {
      const orphan = await crashed();
      const statuses = [];
      for (const body of [{ older_than_ms: -1 }, { older_than_ms: '1h' }, { dry_run: 1 }, []])
        statuses.push((await rig.call('POST', '/prune', body)).status);
      statuses.push(
        (await rig.call('POST', '/prune')).status,
        (await rig.call('GET', '/prune')).status,
      );
      expect(statuses).toEqual([422, 422, 422, 422, 415, 405]);
      expect(await prune(rig, { older_than_ms: null, dry_run: null })).toEqual([]);
      expect(await prune(rig, { ...ALL, dry_run: true })).toEqual([`upper ${orphan}`]);
      await clear();
    },
  );

  root('D8, H-18: who may not end a view may not prune', async () => {
    const orphan = await crashed();
    const status = await new Promise<number>((resolve, reject) => {
      const headers = { host: 'evil.example', 'content-type': 'application/json' };
      const sent = request(`${rig.url}/prune`, { method: 'POST', headers }, (answer) => {
        answer.resume();
        resolve(answer.statusCode ?? 0);
      });
      sent.once('error', reject);
      sent.end(JSON.stringify(ALL));
    });
    expect(status).toBe(403);
    expect(await isThere(orphan)).toBe(true);
    await clear();
  });

  root('W-28, D14: a state file that does not parse stops it', async () => {
    const orphan = await crashed();
    const state = join(rig.folder, 'state.toml');
    await writeFile(state, '[[mounts');
    const { status, body } = await rig.call('POST', '/prune', ALL);
    expect([status, body.code]).toEqual([500, 'STATE_FILE']);
    await rm(state);
    expect(await isThere(orphan)).toBe(true);
    await clear();
  });
});
