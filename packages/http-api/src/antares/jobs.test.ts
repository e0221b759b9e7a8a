import { execFile } from 'node:child_process';
import { appendFile, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { canMount, until } from '@scorpiofs/fuse/testing';
import { startDaemon } from '../testing/daemon.js';
import { end, insider, JobRig } from '../testing/job-rig.js';
import { Upstream } from '../testing/upstream.js';

const root = canMount() ? test : test.skip;
const run = promisify(execFile);

let upstream: Upstream;
/** One daemon for all tests of a block; none of them stops it. */
let rig: JobRig;

beforeAll(async () => {
  upstream = await Upstream.start();
});
afterAll(() => upstream[Symbol.asyncDispose]());

type Order = Parameters<typeof JobRig.start>[1];

function oneDaemon(order: Order): void {
  beforeAll(async () => {
    if (canMount()) rig = await JobRig.start(upstream.url, order);
  });
  // Whatever a test has made goes, and leaves nothing.
  afterEach(async () => {
    if (!canMount()) return;
    const { mounts } = (await rig.call('GET', '/mounts')).body as unknown as {
      mounts: { mount_id: string }[];
    };
    for (const { mount_id } of mounts) await rig.call('DELETE', `/mounts/${mount_id}`);
    expect(await rig.nothingLeft()).toEqual([]);
  });
  afterAll(async () => {
    if (canMount()) await rig[Symbol.asyncDispose]();
  });
}

async function changesOf(id: string): Promise<unknown> {
  return Reflect.get((await rig.call('GET', `/mounts/${id}/changes`)).body, 'changes');
}

async function mountLines(): Promise<string[]> {
  const table = await readFile('/proc/self/mountinfo', 'utf8');
  return table.split('\n').filter((line) => line.includes(`${rig.folder}/mnt`));
}

/** By a shell: starting a program blocks this process, which is also the server that its content comes from. */
function execute(program: string): Promise<{ stdout: string }> {
  return run('/bin/sh', ['-c', program]);
}

describe.each(['kernel', 'userspace'] as const)('%s engine', (engine) => {
  oneDaemon({ engine });

  root('A-15, W-19: twenty identical creates are one view', async () => {
    const answers = await Promise.all(
      Array.from({ length: 20 }, () =>
        rig.call('POST', '/mounts', { path: '/project/small', job_id: 'same' }),
      ),
    );
    expect(new Set(answers.map((a) => a.status))).toEqual(new Set([200]));
    expect(new Set(answers.map((a) => a.body.mount_id)).size).toBe(1);
    expect(await rig.mounts()).toHaveLength(1);
  });

  root('A-15: twelve jobs created at once are twelve views', async () => {
    const made = await Promise.all(Array.from({ length: 12 }, (_, i) => rig.create(`c${i}`)));
    for (const { mountpoint } of made)
      expect(await readFile(join(mountpoint, 'README.md'), 'utf8')).toBe('# project/small\n');
    expect(await rig.mounts()).toHaveLength(12);
  });

  root(
    'A-28, D11, W-89: views of one path are apart; nosuid,nodev; the base cannot be written',
    async () => {
      const [a, b] = [await rig.create('a'), await rig.create('b')];
      await writeFile(join(a.mountpoint, 'README.md'), 'mine\n');
      expect(await readFile(join(b.mountpoint, 'README.md'), 'utf8')).toBe('# project/small\n');
      const lines = await mountLines();
      expect(lines).toHaveLength(2);
      for (const line of lines) expect(line).toMatch(/ rw,nosuid,nodev,/);
      const table = await readFile('/proc/self/mountinfo', 'utf8');
      const base = table.split('\n').find((line) => line.includes(`${rig.folder}/base `));
      if (engine === 'kernel') expect(base).toMatch(/ ro,nosuid,nodev/);
      else expect(base).toBeUndefined();
    },
  );

  root('a directory that was replaced: what it had and has no more is deleted', async () => {
    const { mount_id, mountpoint } = await rig.create('j');
    await run('sh', ['-ec', 'rm -r docs; mkdir docs; echo 2 > docs/two.txt'], { cwd: mountpoint });
    expect(await changesOf(mount_id)).toEqual([
      { kind: 'deleted', path: '/docs/one.txt' },
      { kind: 'modified', path: '/docs/two.txt' },
    ]);
  });

  root(
    'A-20, D14: a view with a process inside is detached by delete, which does not wait for it, and its upper goes when that process has gone',
    async () => {
      const { mount_id, mountpoint } = await rig.create('j');
      const inside = await insider(mountpoint);
      try {
        expect((await rig.call('DELETE', `/mounts/${mount_id}`)).body.state).toBe('Unmounted');
        expect([inside.exitCode, inside.signalCode]).toEqual([null, null]);
        expect(await rig.mounts()).toEqual([]);
        expect(await readdir(join(rig.folder, 'up/.trash'))).toHaveLength(1);
      } finally {
        await end(inside);
      }
      const trash = join(rig.folder, 'up/.trash');
      await until('the upper goes', async () => (await readdir(trash)).length === 0);
    },
  );

  root(
    'A-18, W-32, 8.4: unmounted and removed behind our back; the same create mounts again, and delete works',
    async () => {
      const { mount_id, mountpoint } = await rig.create('j');
      await run('umount', ['-l', mountpoint]);
      await rm(mountpoint, { recursive: true });
      expect((await rig.create('j')).mount_id).toBe(mount_id);
      expect(await readFile(join(mountpoint, 'README.md'), 'utf8')).toBe('# project/small\n');
      await run('umount', ['-l', mountpoint]);
      expect((await rig.call('DELETE', `/mounts/${mount_id}`)).body.state).toBe('Unmounted');
    },
  );

  root(
    'L-01, L-08, L-10, L-14, L-16: CL over base, upper over CL; modes kept; clear brings the base back',
    async () => {
      const link = await upstream.push('/project/small', 'echo "echo changed" >> run.sh');
      const { mount_id, mountpoint } = await rig.create('j', { cl: link });
      expect((await execute(join(mountpoint, 'run.sh'))).stdout).toBe('ran\nchanged\n');
      await writeFile(join(mountpoint, 'README.md'), 'mine\n');
      expect(await changesOf(mount_id)).toEqual([{ kind: 'modified', path: '/README.md' }]);
      expect((await rig.call('DELETE', `/mounts/${mount_id}/cl`)).body).toMatchObject({
        cl: null,
        state: 'Ready',
      });
      expect((await execute(join(mountpoint, 'run.sh'))).stdout).toBe('ran\n');
      expect(await readFile(join(mountpoint, 'README.md'), 'utf8')).toBe('mine\n');
      const layers = await readdir(join(rig.folder, 'cl'));
      expect(layers.filter((name) => !name.startsWith('.'))).toEqual([]);
    },
  );

  root(
    'L-02, L-03, L-14, W-05, W-06, W-07: a pushed change list: renames, modes, links, deletes, at its place below /',
    async () => {
      const link = await upstream.push(
        '/project/small',
        'mv docs/one.txt moved.txt; rm docs/two.txt; echo "echo hi" > tool; chmod +x tool; ln -s moved.txt new-link; chmod -x run.sh; echo more >> run.sh',
      );
      // Its directory is found for a view of it; for a view above, nobody tells: it is given.
      const own = await rig.create('own', { cl: link });
      const above = await rig.create('above', { path: '/', cl: link, cl_path: '/project/small' });
      const outside = await rig.create('outside', {
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
      const { body } = await rig.call('GET', `/mounts/${outside.mount_id}`);
      expect(Reflect.get(body, 'cl_skipped')).toBeGreaterThan(0);
    },
  );

  root('refresh: moves to the new head; what both changed is 409 and moves nothing', async () => {
    const quiet = await rig.create('quiet', { path: '/third-party/small' });
    const loud = await rig.create('loud', { path: '/third-party/small' });
    await writeFile(join(quiet.mountpoint, 'own'), 'own\n');
    await appendFile(join(loud.mountpoint, 'docs/one.txt'), 'mine\n');
    const link = await upstream.changeList(
      '/third-party/small/docs/one.txt',
      `new for ${engine}\n`,
    );
    const merged = await fetch(`${upstream.url}/api/v1/cl/${link}/merge-no-auth`, {
      method: 'POST',
      body: '{}',
      headers: { 'content-type': 'application/json' },
    });
    expect(merged.status).toBe(200);
    expect((await rig.call('POST', `/mounts/${quiet.mount_id}/refresh`, {})).status).toBe(200);
    expect(await readFile(join(quiet.mountpoint, 'docs/one.txt'), 'utf8')).toBe(
      `new for ${engine}\n`,
    );
    expect(await readFile(join(quiet.mountpoint, 'own'), 'utf8')).toBe('own\n');
    const refused = await rig.call('POST', `/mounts/${loud.mount_id}/refresh`, {});
    expect(refused).toMatchObject({
      status: 409,
      body: { code: 'CONFLICT', conflicts: ['/docs/one.txt'] },
    });
    expect(await readFile(join(loud.mountpoint, 'docs/one.txt'), 'utf8')).toMatch(/\nmine\n$/);
  });
});

describe('jobs, change lists, access', () => {
  oneDaemon({ access: { token: 'secret' }, options: { maxMounts: 3 } });

  root(
    'W-82, W-30, A-24, A-26: a root listing that cannot be had is a 500 that leaves nothing; then it works',
    async () => {
      upstream.server.faults.set([{ kind: 'status', status: 500 }]);
      try {
        const failed = await rig.call('POST', '/mounts', { path: '/project/small', job_id: 'j' });
        expect([failed.status, failed.body.code]).toEqual([500, 'FUSE_ERROR']);
        expect(await rig.mounts()).toEqual([]);
      } finally {
        upstream.server.faults.clear();
      }
      expect((await rig.create('j')).mount_id).toBeDefined();
    },
  );

  root('W-25, A-29: a client that goes away leaves a listed view', async () => {
    const sent = request(`${rig.url}/mounts`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
    });
    sent.on('error', () => undefined);
    sent.end(JSON.stringify({ path: '/project/small', job_id: 'gone' }), () => sent.destroy());
    // Listed from `Mounted` on, while the state file is being written.
    const state = async () => (await rig.call('GET', '/mounts/by-job/gone')).body.state;
    await until('the view is there', async () => (await state()) === 'Ready');
  });

  root('W-13: beyond antares_max_mounts is 429', async () => {
    for (const job of ['a', 'b', 'c']) await rig.create(job);
    const { status, body } = await rig.call('POST', '/mounts', { path: '/', job_id: 'd' });
    expect([status, body.code]).toEqual([429, 'TOO_MANY_MOUNTS']);
  });

  root(
    'issue 5.3, W-04, L-13: hostile names and wrong contents refuse the change list; nothing is left',
    async () => {
      for (const name of ['..', 'a/../../b', '.git', '.GIT']) {
        const cl = await upstream.entry('/project', name);
        const answer = await rig.call('POST', '/mounts', { path: '/project', job_id: name, cl });
        expect([name, answer.status, answer.body.code]).toEqual([name, 500, 'INTERNAL_ERROR']);
      }
      const cl = await upstream.changeList('/project/small/docs/two.txt', 'corrupt me\n');
      const files = await fetch(`${upstream.url}/api/v1/cl/${cl}/files-list`);
      const { data } = (await files.json()) as { data: { sha: string }[] };
      upstream.server.faults.set([{ kind: 'corrupt', oid: data[0]?.sha ?? '' }]);
      try {
        const body = { path: '/project/small', job_id: 'c', cl };
        const wrong = await rig.call('POST', '/mounts', body);
        expect(wrong.status).toBe(500);
        expect(wrong.body.error).toContain('failed to download blob');
      } finally {
        upstream.server.faults.clear();
      }
      expect(await rig.mounts()).toEqual([]);
      expect(await readdir(join(rig.folder, 'cl/.new'))).toEqual([]);
    },
  );

  root(
    'L-11, W-22, W-23: a replacement that fails leaves the old change list and Ready',
    async () => {
      const link = await upstream.changeList('/project/small/docs/two.txt', 'TWO\n');
      const { mount_id, mountpoint } = await rig.create('j', { cl: link });
      const failed = await rig.call('POST', `/mounts/${mount_id}/cl`, { cl: 'ZZZZZZZZ' });
      expect(failed.status).toBe(500);
      expect((await rig.call('GET', `/mounts/${mount_id}`)).body).toMatchObject({
        cl: link,
        state: 'Ready',
      });
      expect(await readFile(join(mountpoint, 'docs/two.txt'), 'utf8')).toBe('TWO\n');
    },
  );

  root(
    'issue 5.3, §8: with a writer inside it is 409 with its name; forced, it tells who must be restarted',
    async () => {
      const cl = await upstream.changeList('/project/small/docs/two.txt', 'TWO\n');
      const { mount_id, mountpoint } = await rig.create('j');
      const inside = await insider(mountpoint);
      try {
        const at = `/mounts/${mount_id}`;
        expect(await rig.call('POST', `${at}/cl`, { cl })).toMatchObject({
          status: 409,
          body: { code: 'BUSY', processes: [{ pid: inside.pid }] },
        });
        expect((await rig.call('GET', `${at}/ready`)).body).toMatchObject({ ready: true });
        expect(await rig.call('POST', `${at}/cl`, { cl, force: true })).toMatchObject({
          status: 200,
          body: { restart: [{ pid: inside.pid }] },
        });
        expect(await readFile(join(mountpoint, 'docs/two.txt'), 'utf8')).toBe('TWO\n');
      } finally {
        await end(inside);
      }
    },
  );

  const ask = (headers: Record<string, string>, path = '/antares/mounts') =>
    new Promise<number>((resolve, reject) => {
      const sent = request(`${rig.daemon.url}${path}`, { headers }, (answer) => {
        answer.resume();
        resolve(answer.statusCode ?? 0);
      });
      sent.once('error', reject);
      sent.end();
    });

  root(
    'D8, §7, H-18, W-01: foreign Origin or Host is 403, the token opens, /health is open; the socket is 0600',
    async () => {
      const bearer = { authorization: 'Bearer secret' };
      expect(await ask({})).toBe(200);
      expect(await ask({ origin: 'https://evil.example' })).toBe(403);
      expect(await ask({ host: 'evil.example' })).toBe(403);
      expect(await ask({ host: 'evil.example', authorization: 'Bearer wrong' })).toBe(403);
      expect(await ask({ host: 'evil.example', ...bearer })).toBe(200);
      expect(await ask({ host: 'evil.example' }, '/health')).toBe(200);
      const socket = join(rig.folder, 'test.sock');
      expect((await stat(socket)).mode & 0o777).toBe(0o600);
      const url = 'http://localhost/antares/mounts';
      const { stdout } = await run('curl', ['-s', '--unix-socket', socket, url]);
      expect(JSON.parse(stdout)).toEqual({ mounts: [] });
    },
  );

  root('H-10: 2 MiB pass, one byte more is 413', async () => {
    const body = (length: number) => `{"path":""${' '.repeat(length - 11)}}`;
    const send = async (text: string) => {
      const headers = { 'content-type': 'application/json' };
      const answer = await fetch(`${rig.url}/mounts`, { method: 'POST', body: text, headers });
      return answer.status;
    };
    expect(await send(body(2 * 1024 * 1024))).toBe(400);
    expect(await send(body(2 * 1024 * 1024 + 1))).toBe(413);
  });

  root('events, openapi, docs', async () => {
    const { mount_id } = await rig.create('j');
    const events = await fetch(`${rig.url}/mounts/${mount_id}/events`);
    await rig.call('DELETE', `/mounts/${mount_id}`);
    const states = [...(await events.text()).matchAll(/^data: (.*)$/gm)].map(
      ([, data = '']) => (JSON.parse(data) as { state: string }).state,
    );
    expect(states).toEqual(['Ready', 'Unmounting', 'Unmounted']);
    const document = (await (await fetch(`${rig.daemon.url}/openapi.json`)).json()) as {
      openapi: string;
      paths: Record<string, object>;
    };
    expect(document.openapi).toBe('3.1.0');
    expect(Object.keys(document.paths['/antares/mounts/{mount_id}/cl'] ?? {})).toEqual([
      'post',
      'delete',
    ]);
    expect((await fetch(`${rig.daemon.url}/docs`)).status).toBe(200);
  });
});

describe('one state file', () => {
  root(
    'D13, W-28, W-29, S-03: a second daemon leaves the first one’s jobs and records alone; a file that does not parse stops the start and stays',
    async () => {
      await using own = await JobRig.start(upstream.url);
      const state = join(own.folder, 'state.toml');
      const { mount_id } = await own.create('one');
      const socket = 'other.sock';
      const second = await startDaemon({ url: upstream.url, root: own.folder, socket });
      const at = `${second.url}/antares/mounts`;
      expect(await (await fetch(at)).json()).toEqual({ mounts: [] });
      const created = await fetch(at, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ path: '/project/small', job_id: 'two' }),
      });
      expect(created.status).toBe(200);
      await second.stop();
      expect((await own.call('GET', '/mounts/by-job/one')).body).toMatchObject({
        mount_id,
        state: 'Ready',
      });
      expect(await readFile(state, 'utf8')).toMatch(/"one"[^]*"two"|"two"[^]*"one"/);
      await own.daemon.stop();
      const cut = '[[mounts]]\nmount_id = "cut';
      await writeFile(state, cut);
      await expect(own.restart()).rejects.toThrow(/STATE_FILE|cannot be used/);
      expect(await readFile(state, 'utf8')).toBe(cut);
      await rm(state);
      await own.restart();
      expect((await own.call('GET', '/mounts')).body).toEqual({ mounts: [] });
    },
  );
});
