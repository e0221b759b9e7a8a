import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, stat, writeFile, appendFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { canMount } from '@scorpiofs/fuse/testing';
import { startDaemon, type Daemon } from '../testing/daemon.js';
import type { DaemonOrder } from '../testing/daemon-main.js';
import { Upstream } from '../testing/upstream.js';

const root = canMount() ? test : test.skip;
const run = promisify(execFile);

let upstream: Upstream;
let folder: string;
let daemon: Daemon;
let engine: 'kernel' | 'userspace' = 'kernel';

beforeAll(async () => {
  upstream = await Upstream.start();
});
afterAll(() => upstream[Symbol.asyncDispose]());
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'scorpio-jobs-'));
});
afterEach(async () => {
  upstream.server.faults.clear();
  if (daemon.child.exitCode === null && daemon.child.signalCode === null) await daemon.stop();
  expect((await readFile('/proc/self/mountinfo', 'utf8')).includes(folder)).toBe(false);
  await rm(folder, { recursive: true });
});

interface Status {
  readonly mount_id: string;
  readonly mountpoint: string;
  readonly state: unknown;
  readonly cl: string | null;
  readonly restart?: readonly { pid: number }[];
}

async function start(order: Partial<DaemonOrder> = {}): Promise<void> {
  daemon = await startDaemon({
    url: upstream.url,
    root: folder,
    engine,
    options: { quiesceMs: 0, ...order.options },
    ...order,
  });
}

async function call<T = Status & { error: string; code: string }>(
  method: string,
  path: string,
  body?: unknown,
): Promise<{ status: number; body: T }> {
  const answer = await fetch(`${daemon.url}/antares${path}`, {
    method,
    ...(body !== undefined && {
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json' },
    }),
  });
  return { status: answer.status, body: (await answer.json()) as T };
}

const create = async (job_id: string, more: object = {}) =>
  (await call('POST', '/mounts', { path: '/project/small', job_id, ...more })).body;

async function mounts(): Promise<string[]> {
  const table = await readFile('/proc/self/mountinfo', 'utf8');
  return table.split('\n').filter((line) => line.includes(`${folder}/mnt`));
}

/** A process with its directory in the view. */
async function insider(directory: string): Promise<ChildProcess> {
  const child = spawn('/bin/sh', ['-c', 'echo in; read x'], { cwd: directory, stdio: 'pipe' });
  await once(child.stdout, 'data');
  return child;
}

/** By a shell: starting a program blocks this process, which is also the server that its content comes from. */
function execute(program: string): Promise<{ stdout: string }> {
  return run('/bin/sh', ['-c', program]);
}

async function end(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL');
  await once(child, 'exit');
}

describe.each(['kernel', 'userspace'] as const)('%s engine', (one) => {
  beforeAll(() => {
    engine = one;
  });
  afterAll(() => {
    engine = 'kernel';
  });

  root('A-15, W-19: twenty identical creates are one view', async () => {
    await start();
    const answers = await Promise.all(
      Array.from({ length: 20 }, () =>
        call('POST', '/mounts', { path: '/project/small', job_id: 'same' }),
      ),
    );
    expect(new Set(answers.map((a) => a.status))).toEqual(new Set([200]));
    expect(new Set(answers.map((a) => a.body.mount_id)).size).toBe(1);
    expect(await mounts()).toHaveLength(1);
  });

  root(
    'A-28, D11, W-89: views of one path are apart; nosuid,nodev; the base cannot be written',
    async () => {
      await start();
      const [a, b] = [await create('a'), await create('b')];
      await writeFile(join(a.mountpoint, 'README.md'), 'mine\n');
      expect(await readFile(join(b.mountpoint, 'README.md'), 'utf8')).toBe('# project/small\n');
      for (const line of await mounts()) expect(line).toMatch(/ rw,nosuid,nodev,/);
      const table = await readFile('/proc/self/mountinfo', 'utf8');
      const base = table.split('\n').find((line) => line.includes(`${folder}/base `));
      if (engine === 'kernel') expect(base).toMatch(/ ro,nosuid,nodev/);
      else expect(base).toBeUndefined();
    },
  );

  root(
    'W-74, W-75, W-64, A-23: deletes and renames survive SIGKILL; changes tells them; delete leaves nothing',
    async () => {
      await start();
      const { mount_id, mountpoint } = await create('j');
      await run(
        'sh',
        [
          '-ec',
          'rm run.sh; mv docs papers; mkdir new; echo x > new/f; mv README.md R; rm -r papers/one.txt',
        ],
        { cwd: mountpoint },
      );
      const before = await call<{ changes: unknown }>('GET', `/mounts/${mount_id}/changes`);
      expect(before.body.changes).toEqual([
        { kind: 'renamed', path: '/R', old_path: '/README.md' },
        { kind: 'added', path: '/new' },
        { kind: 'added', path: '/new/f' },
        { kind: 'renamed', path: '/papers', old_path: '/docs' },
        { kind: 'deleted', path: '/papers/one.txt' },
        { kind: 'deleted', path: '/run.sh' },
      ]);
      // A crash may lose the numbers that files of the base got in the last moments, and with them that one was renamed.
      await new Promise((r) => setTimeout(r, 1000));
      await daemon.kill9();
      await start();
      expect((await call('GET', `/mounts/by-job/j`)).body).toMatchObject({
        mount_id,
        state: 'Ready',
      });
      expect((await readdir(mountpoint)).sort()).toEqual(['R', 'link', 'new', 'papers']);
      expect(await readdir(join(mountpoint, 'papers'))).toEqual(['two.txt']);
      const after = await call<{ changes: unknown }>('GET', `/mounts/${mount_id}/changes`);
      expect(after.body.changes).toEqual(before.body.changes);
      expect((await call('DELETE', `/mounts/${mount_id}`)).body.state).toBe('Unmounted');
      await daemon.stop();
      await start();
      expect((await readdir(join(folder, 'up'))).filter((n) => !n.startsWith('.'))).toEqual([]);
      expect(await readdir(join(folder, 'up/.work'))).toEqual(['.trash']);
      expect(await readdir(join(folder, 'mnt'))).toEqual([]);
    },
  );

  root(
    '§7: a renamed file is told with its old path, a mode alone as metadata, also after a restart',
    async () => {
      await start();
      const { mount_id, mountpoint } = await create('j');
      const script =
        'mv docs/one.txt top.txt; chmod 600 docs/two.txt; mv run.sh go.sh; echo x >> go.sh';
      await run('sh', ['-ec', script], { cwd: mountpoint });
      const expected = [
        { kind: 'metadata', path: '/docs/two.txt' },
        { kind: 'renamed', path: '/go.sh', old_path: '/run.sh' },
        { kind: 'renamed', path: '/top.txt', old_path: '/docs/one.txt' },
      ];
      const asked = async () =>
        (await call<{ changes: unknown }>('GET', `/mounts/${mount_id}/changes`)).body.changes;
      // Also for two who ask at once.
      expect(await Promise.all([asked(), asked()])).toEqual([expected, expected]);
      await daemon.stop();
      await start();
      expect(await asked()).toEqual(expected);
    },
  );

  root(
    'D11: an upper goes on under the other engine, with what was renamed and deleted',
    async () => {
      await start();
      const { mountpoint } = await create('j');
      await run('sh', ['-ec', 'mv docs papers; rm run.sh; mv README.md R'], { cwd: mountpoint });
      const asked = async () =>
        (await call<{ changes: unknown }>('GET', `/mounts/${mount_id}/changes`)).body.changes;
      const { mount_id } = (await call('GET', '/mounts/by-job/j')).body;
      const before = await asked();
      await daemon.stop();
      await start({ engine: engine === 'kernel' ? 'userspace' : 'kernel' });
      expect((await readdir(mountpoint)).sort()).toEqual(['R', 'link', 'papers']);
      expect((await readdir(join(mountpoint, 'papers'))).sort()).toEqual(['one.txt', 'two.txt']);
      expect(await asked()).toEqual(before);
    },
  );

  root('A-15: twelve jobs created at once are twelve views', async () => {
    await start();
    const made = await Promise.all(Array.from({ length: 12 }, (_, i) => create(`c${i}`)));
    for (const { mountpoint } of made)
      expect(await readFile(join(mountpoint, 'README.md'), 'utf8')).toBe('# project/small\n');
    expect(await mounts()).toHaveLength(12);
  });

  root('a directory that was replaced: what it had and has no more is deleted', async () => {
    await start();
    const { mount_id, mountpoint } = await create('j');
    await run('sh', ['-ec', 'rm -r docs; mkdir docs; echo 2 > docs/two.txt'], { cwd: mountpoint });
    const { body } = await call<{ changes: unknown }>('GET', `/mounts/${mount_id}/changes`);
    expect(body.changes).toEqual([
      { kind: 'deleted', path: '/docs/one.txt' },
      { kind: 'modified', path: '/docs/two.txt' },
    ]);
  });

  root(
    'A-20, D14: a view with a process inside is detached by delete, and its upper goes when that process has gone',
    async () => {
      await start();
      const { mount_id, mountpoint } = await create('j');
      const inside = await insider(mountpoint);
      const began = performance.now();
      expect((await call('DELETE', `/mounts/${mount_id}`)).body.state).toBe('Unmounted');
      expect(performance.now() - began).toBeLessThan(3000);
      expect(await mounts()).toEqual([]);
      expect((await readdir(join(folder, 'up/.trash'))).length).toBe(1);
      await end(inside);
      for (let i = 0; i < 50 && (await readdir(join(folder, 'up/.trash'))).length > 0; i++)
        await new Promise((r) => setTimeout(r, 100));
      expect(await readdir(join(folder, 'up/.trash'))).toEqual([]);
    },
  );

  root(
    'A-18, W-32, 8.4: unmounted and removed behind our back; the same create mounts again, and delete works',
    async () => {
      await start();
      const { mount_id, mountpoint } = await create('j');
      await run('umount', ['-l', mountpoint]);
      await rm(mountpoint, { recursive: true });
      expect((await create('j')).mount_id).toBe(mount_id);
      expect(await readFile(join(mountpoint, 'README.md'), 'utf8')).toBe('# project/small\n');
      await run('umount', ['-l', mountpoint]);
      expect((await call('DELETE', `/mounts/${mount_id}`)).body.state).toBe('Unmounted');
    },
  );

  root(
    'H-17, W-26, A-30: SIGTERM unmounts everything and exits 0; records stay, and the next start brings the jobs back',
    async () => {
      await start();
      const { mount_id, mountpoint } = await create('j');
      await writeFile(join(mountpoint, 'kept'), 'kept\n');
      expect(await daemon.stop()).toBe(0);
      expect(await mounts()).toEqual([]);
      await start();
      expect((await call('GET', '/mounts/by-job/j')).body.mount_id).toBe(mount_id);
      expect(await readFile(join(mountpoint, 'kept'), 'utf8')).toBe('kept\n');
    },
  );

  root('S-05: a job whose upper is gone is not brought back', async () => {
    await start();
    const { mount_id } = await create('j');
    await daemon.kill9();
    await rm(join(folder, 'up', mount_id), { recursive: true });
    await start();
    expect((await call('GET', '/mounts/by-job/j')).status).toBe(404);
    expect(await readFile(join(folder, 'state.toml'), 'utf8')).not.toContain(mount_id);
  });

  root(
    'W-80: SIGKILL right after a create leaves no process and no mount that cannot be ended',
    async () => {
      for (let i = 0; i < 3; i++) {
        await start();
        const creating = create(`j${i}`).catch(() => undefined);
        await new Promise((r) => setTimeout(r, i * 30));
        await daemon.kill9();
        await creating;
      }
      await start();
      for (const line of await mounts())
        expect(line).toContain(engine === 'kernel' ? 'overlay' : 'fuse.scorpiofs');
    },
  );

  root(
    'W-80, D14: what was mounted before it had a record is taken out at the next start; a recorded view comes back',
    async () => {
      await start();
      const { mountpoint } = await create('never-told');
      const kept = await create('kept');
      await daemon.kill9();
      const state = join(folder, 'state.toml');
      const blocks = (await readFile(state, 'utf8')).split(/^(?=\[\[)/m);
      await writeFile(state, blocks.filter((b) => !b.includes('never-told')).join(''));
      await start();
      const there = await mounts();
      expect(there.filter((line) => line.includes(mountpoint))).toEqual([]);
      expect(there.filter((line) => line.includes(kept.mountpoint))).toHaveLength(1);
      await expect(stat(mountpoint)).rejects.toMatchObject({ code: 'ENOENT' });
      expect(await readFile(join(kept.mountpoint, 'README.md'), 'utf8')).not.toBe('');
    },
  );

  root(
    'L-01, L-08, L-10, L-14, L-16: CL over base, upper over CL; modes kept; clear brings the base back',
    async () => {
      const link = await upstream.push('/project/small', 'echo "echo changed" >> run.sh');
      await start();
      const { mount_id, mountpoint } = await create('j', { cl: link });
      expect((await execute(join(mountpoint, 'run.sh'))).stdout).toBe('ran\nchanged\n');
      await writeFile(join(mountpoint, 'README.md'), 'mine\n');
      const { body } = await call<{ changes: unknown }>('GET', `/mounts/${mount_id}/changes`);
      expect(body.changes).toEqual([{ kind: 'modified', path: '/README.md' }]);
      expect((await call('DELETE', `/mounts/${mount_id}/cl`)).body).toMatchObject({
        cl: null,
        state: 'Ready',
      });
      expect((await execute(join(mountpoint, 'run.sh'))).stdout).toBe('ran\n');
      expect(await readFile(join(mountpoint, 'README.md'), 'utf8')).toBe('mine\n');
      expect((await readdir(join(folder, 'cl'))).filter((n) => !n.startsWith('.'))).toEqual([]);
    },
  );

  root(
    'L-02, L-03, L-14, W-05, W-06, W-07: a pushed change list: renames, modes, links, deletes, at its place below /',
    async () => {
      const link = await upstream.push(
        '/project/small',
        'mv docs/one.txt moved.txt; rm docs/two.txt; echo "echo hi" > tool; chmod +x tool; ln -s moved.txt new-link; chmod -x run.sh; echo more >> run.sh',
      );
      await start();
      // Its directory is found for a view of it; for a view above, nobody tells: it is given.
      const own = await create('own', { cl: link });
      const above = await create('above', { path: '/', cl: link, cl_path: '/project/small' });
      const outside = await create('outside', {
        path: '/third-party/small',
        cl: link,
        cl_path: '/project/small',
      });
      for (const top of [own.mountpoint, join(above.mountpoint, 'project/small')]) {
        expect((await readdir(top)).sort()).toEqual(
          ['README.md', 'docs', 'link', 'moved.txt', 'new-link', 'run.sh', 'tool'].sort(),
        );
        expect(await readdir(join(top, 'docs'))).toEqual([]);
        expect((await execute(join(top, 'tool'))).stdout).toBe('hi\n');
        expect(await readFile(join(top, 'new-link'), 'utf8')).toBe('one\n');
        expect((await stat(join(top, 'run.sh'))).mode & 0o777).toBe(0o644);
      }
      expect(await readdir(above.mountpoint)).toEqual(['project', 'third-party']);
      const { body } = await call<{ cl_skipped: number }>('GET', `/mounts/${outside.mount_id}`);
      expect(body.cl_skipped).toBeGreaterThan(0);
    },
  );

  root('refresh: moves to the new head; what both changed is 409 and moves nothing', async () => {
    await start();
    const quiet = await create('quiet', { path: '/third-party/small' });
    const loud = await create('loud', { path: '/third-party/small' });
    await writeFile(join(quiet.mountpoint, 'own'), 'own\n');
    await appendFile(join(loud.mountpoint, 'docs/one.txt'), 'mine\n');
    const link = await upstream.changeList(
      '/third-party/small/docs/one.txt',
      `new for ${engine}\n`,
    );
    expect(
      (
        await fetch(`${upstream.url}/api/v1/cl/${link}/merge-no-auth`, {
          method: 'POST',
          body: '{}',
          headers: { 'content-type': 'application/json' },
        })
      ).status,
    ).toBe(200);
    expect((await call('POST', `/mounts/${quiet.mount_id}/refresh`, {})).status).toBe(200);
    expect(await readFile(join(quiet.mountpoint, 'docs/one.txt'), 'utf8')).toBe(
      `new for ${engine}\n`,
    );
    expect(await readFile(join(quiet.mountpoint, 'own'), 'utf8')).toBe('own\n');
    const refused = await call<{ conflicts: unknown }>(
      'POST',
      `/mounts/${loud.mount_id}/refresh`,
      {},
    );
    expect(refused).toMatchObject({
      status: 409,
      body: { code: 'CONFLICT', conflicts: ['/docs/one.txt'] },
    });
    expect(await readFile(join(loud.mountpoint, 'docs/one.txt'), 'utf8')).toMatch(/\nmine\n$/);
  });
});

describe('jobs', () => {
  root(
    'W-82, W-30, A-24, A-26: a root listing that cannot be had is a 500 that leaves nothing; then it works',
    async () => {
      await start();
      upstream.server.faults.set([{ kind: 'status', status: 500 }]);
      const failed = await call('POST', '/mounts', { path: '/project/small', job_id: 'j' });
      expect([failed.status, failed.body.code]).toEqual([500, 'FUSE_ERROR']);
      expect(await mounts()).toEqual([]);
      upstream.server.faults.clear();
      expect((await create('j')).mount_id).toBeDefined();
    },
  );

  root('W-25, A-29: a client that goes away leaves a listed view', async () => {
    await start();
    const body = JSON.stringify({ path: '/project/small', job_id: 'gone' });
    const sent = request(`${daemon.url}/antares/mounts`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
    });
    sent.on('error', () => undefined);
    sent.end(body, () => setTimeout(() => sent.destroy(), 5));
    for (let i = 0; i < 50; i++) {
      // Listed from `Mounted` on, while the state file is being written.
      if ((await call('GET', '/mounts/by-job/gone')).body.state === 'Ready') break;
      await new Promise((r) => setTimeout(r, 50));
    }
    expect((await call('GET', '/mounts/by-job/gone')).body.state).toBe('Ready');
  });

  root('W-13: beyond antares_max_mounts is 429', async () => {
    await start({ options: { maxMounts: 1 } });
    await create('a');
    const { status, body } = await call('POST', '/mounts', { path: '/', job_id: 'b' });
    expect([status, body.code]).toEqual([429, 'TOO_MANY_MOUNTS']);
  });

  root(
    'D13: a second daemon on the same state file leaves the first one’s jobs and records alone',
    async () => {
      await start();
      const { mount_id } = await create('one');
      const first = daemon;
      await start({ socket: 'other.sock' });
      expect((await call<{ mounts: unknown[] }>('GET', '/mounts')).body.mounts).toEqual([]);
      await create('two');
      await daemon.stop();
      daemon = first;
      expect((await call('GET', '/mounts/by-job/one')).body).toMatchObject({
        mount_id,
        state: 'Ready',
      });
      expect(await readFile(join(folder, 'state.toml'), 'utf8')).toMatch(
        /"one"[^]*"two"|"two"[^]*"one"/,
      );
    },
  );

  root('W-28, W-29, S-03: a state file that does not parse stops the start and stays', async () => {
    await writeFile(join(folder, 'state.toml'), '[[mounts]]\nmount_id = "cut');
    await expect(start()).rejects.toThrow(/STATE_FILE|cannot be used/);
    expect(await readFile(join(folder, 'state.toml'), 'utf8')).toBe('[[mounts]]\nmount_id = "cut');
    await rm(join(folder, 'state.toml'));
    await start();
  });
});

describe('change lists', () => {
  root(
    'issue 5.3, W-04, L-13: hostile names and wrong contents refuse the change list; nothing is left',
    async () => {
      await start();
      for (const name of ['..', 'a/../../b', '.git', '.GIT']) {
        const cl = await upstream.entry('/project', name);
        const answer = await call('POST', '/mounts', { path: '/project', job_id: name, cl });
        expect([name, answer.status, answer.body.code]).toEqual([name, 500, 'INTERNAL_ERROR']);
      }
      const cl = await upstream.changeList('/project/small/docs/two.txt', 'corrupt me\n');
      const files = await fetch(`${upstream.url}/api/v1/cl/${cl}/files-list`);
      const { data } = (await files.json()) as { data: { sha: string }[] };
      upstream.server.faults.set([{ kind: 'corrupt', oid: data[0]?.sha ?? '' }]);
      const wrong = await call('POST', '/mounts', { path: '/project/small', job_id: 'c', cl });
      expect(wrong.status).toBe(500);
      expect(wrong.body.error).toContain('failed to download blob');
      expect(await mounts()).toEqual([]);
      expect(await readdir(join(folder, 'cl/.new'))).toEqual([]);
    },
  );

  root(
    'L-11, W-22, W-23: a replacement that fails leaves the old change list and Ready',
    async () => {
      const link = await upstream.changeList('/project/small/docs/two.txt', 'TWO\n');
      await start();
      const { mount_id, mountpoint } = await create('j', { cl: link });
      expect((await call('POST', `/mounts/${mount_id}/cl`, { cl: 'ZZZZZZZZ' })).status).toBe(500);
      expect((await call('GET', `/mounts/${mount_id}`)).body).toMatchObject({
        cl: link,
        state: 'Ready',
      });
      expect(await readFile(join(mountpoint, 'docs/two.txt'), 'utf8')).toBe('TWO\n');
    },
  );

  root(
    'issue 5.3, §8: with a writer inside it is 409 with its name; forced, it tells who must be restarted',
    async () => {
      const link = await upstream.changeList('/project/small/docs/two.txt', 'TWO\n');
      await start();
      const { mount_id, mountpoint } = await create('j');
      const inside = await insider(mountpoint);
      const refused = await call<{ code: string; processes: unknown }>(
        'POST',
        `/mounts/${mount_id}/cl`,
        { cl: link },
      );
      expect(refused).toMatchObject({
        status: 409,
        body: { code: 'BUSY', processes: [{ pid: inside.pid }] },
      });
      expect((await call('GET', `/mounts/${mount_id}/ready`)).body).toMatchObject({ ready: true });
      const forced = await call('POST', `/mounts/${mount_id}/cl`, { cl: link, force: true });
      expect(forced).toMatchObject({ status: 200, body: { restart: [{ pid: inside.pid }] } });
      expect(await readFile(join(mountpoint, 'docs/two.txt'), 'utf8')).toBe('TWO\n');
      await end(inside);
    },
  );
});

describe('access and the rest', () => {
  const ask = (headers: Record<string, string>, path = '/antares/mounts') =>
    new Promise<number>((resolve, reject) => {
      const sent = request(`${daemon.url}${path}`, { headers }, (answer) => {
        answer.resume();
        resolve(answer.statusCode ?? 0);
      });
      sent.once('error', reject);
      sent.end();
    });

  root(
    'D8, §7, H-18, W-01: foreign Origin or Host is 403, the token opens, /health is open; the socket is 0600',
    async () => {
      await start({ access: { token: 'secret' } });
      const bearer = { authorization: 'Bearer secret' };
      expect(await ask({})).toBe(200);
      expect(await ask({ origin: 'https://evil.example' })).toBe(403);
      expect(await ask({ host: 'evil.example' })).toBe(403);
      expect(await ask({ host: 'evil.example', authorization: 'Bearer wrong' })).toBe(403);
      expect(await ask({ host: 'evil.example', ...bearer })).toBe(200);
      expect(await ask({ host: 'evil.example' }, '/health')).toBe(200);
      const socket = join(folder, 'test.sock');
      expect((await stat(socket)).mode & 0o777).toBe(0o600);
      const { stdout } = await run('curl', [
        '-s',
        '--unix-socket',
        socket,
        'http://localhost/antares/mounts',
      ]);
      expect(JSON.parse(stdout)).toEqual({ mounts: [] });
    },
  );

  root('H-10: 2 MiB pass, one byte more is 413', async () => {
    await start();
    const body = (length: number) => `{"path":""${' '.repeat(length - 11)}}`;
    const send = async (text: string) =>
      (
        await fetch(`${daemon.url}/antares/mounts`, {
          method: 'POST',
          body: text,
          headers: { 'content-type': 'application/json' },
        })
      ).status;
    expect(await send(body(2 * 1024 * 1024))).toBe(400);
    expect(await send(body(2 * 1024 * 1024 + 1))).toBe(413);
  });

  root('events, openapi, docs', async () => {
    await start();
    const { mount_id } = await create('j');
    const events = await fetch(`${daemon.url}/antares/mounts/${mount_id}/events`);
    await call('DELETE', `/mounts/${mount_id}`);
    const states = [...(await events.text()).matchAll(/^data: (.*)$/gm)].map(
      ([, data = '']) => (JSON.parse(data) as Status).state,
    );
    expect(states).toEqual(['Ready', 'Unmounting', 'Unmounted']);
    const document = (await (await fetch(`${daemon.url}/openapi.json`)).json()) as {
      openapi: string;
      paths: Record<string, object>;
    };
    expect(document.openapi).toBe('3.1.0');
    expect(Object.keys(document.paths['/antares/mounts/{mount_id}/cl'] ?? {})).toEqual([
      'post',
      'delete',
    ]);
    expect((await fetch(`${daemon.url}/docs`)).status).toBe(200);
  });
});
