import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { canMount, until } from '@scorpiofs/fuse/testing';
import { BODY_LIMIT } from '../json-body.js';
import { JobRig, type Called } from '../testing/job-rig.js';
import { ScriptedServer } from '../testing/scripted-server.js';
import { Upstream } from '../testing/upstream.js';

const root = canMount() ? test : test.skip;
const run = promisify(execFile);

let upstream: Upstream;
let server: ScriptedServer;
let rig: JobRig;

beforeAll(async () => {
  upstream = await Upstream.start();
  server = await ScriptedServer.start(upstream.url);
  if (canMount()) rig = await JobRig.start(server.url);
});
afterEach(async () => {
  if (!canMount()) return;
  server.scripts = [];
  expect(await rig.mounts()).toEqual([]);
  expect(await rig.nothingLeft()).toEqual([]);
});
afterAll(async () => {
  if (canMount()) await rig[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
  await upstream[Symbol.asyncDispose]();
});

const LONG = 'x'.repeat(10_000);
const create = (more: object) =>
  rig.call('POST', '/mounts', { path: '/project/small', job_id: 'j', ...more });
const answerOf = ({ status, body }: Called) => [status, body.code];

describe('issue 5, bad input: what is refused leaves no directory, mount or record', () => {
  root.each(
    [
      ['path', 'a/../b'],
      ['path', '..'],
      ['path', 'a\0b'],
      ['path', 'a\nb'],
      ['path', LONG, '10,000 characters'],
      ['path', 'a/'.repeat(5000), '10,000 characters of short names'],
      ['job_id', 'a\0b'],
      ['job_id', 'a\nb'],
      ['job_id', LONG, '10,000 characters'],
      ['build_id', 'a\r\nb'],
      ['cl', '../x'],
      ['cl', 'A\nB'],
      ['cl', 'A\0B'],
      ['cl', 'a/b'],
      ['cl', LONG, '10,000 characters'],
      ['cl', '  '],
      ['cl_path', '..'],
      ['cl_path', 'a\0b'],
      ['mountpoint', 'relative'],
      ['mountpoint', '/tmp/../etc'],
      ['mountpoint', '/tmp/a\0b'],
      ['mountpoint', `/tmp/${LONG}`, '10,000 characters'],
      ['mountpoint', '/'],
      ['mountpoint', '/proc/self'],
      ['mountpoint', '/etc/passwd'],
    ].map(
      ([name = '', value = '', shown = JSON.stringify(value)]) => [name, shown, value] as const,
    ),
  )('W-03, W-04, W-66, A-05, L-15: %s %s is 400', async (name, _shown, value) => {
    const job = name === 'build_id' ? { job_id: null } : {};
    const cl = name === 'cl_path' ? { cl: 'ABCDEFGH' } : {};
    const answer = await create({ ...job, ...cl, [name]: value });
    expect(answerOf(answer)).toEqual([400, 'INVALID_REQUEST']);
    expect(Object.keys(answer.body)).toEqual(['error', 'code']);
    expect(answer.body.error.length).toBeLessThan(500);
  });

  root('W-66: ids with separators and dots name nothing outside the mount root', async () => {
    for (const job_id of ['../../up', 'a/b', '/abs', '..', '.', 'ü \u2028 "\\']) {
      const { mount_id, mountpoint } = await rig.create(job_id);
      expect(mountpoint).toBe(join(rig.folder, 'mnt', mount_id));
      // A client's own address rules take `.` and `..` away before they are sent.
      const by = /^\.+$/.test(job_id) ? mount_id : `by-job/${encodeURIComponent(job_id)}`;
      expect((await rig.call('DELETE', `/mounts/${by}`)).status).toBe(200);
    }
  });

  root('H-08: such ids in an address are unknown jobs, and no mount ids', async () => {
    const ids = ['..%2f..', 'a%00b', 'a%0ab', '%2fetc', LONG];
    for (const method of ['GET', 'DELETE']) {
      for (const id of ids) {
        const job = await rig.call(method, `/mounts/by-job/${id}`);
        expect([method, id, ...answerOf(job)]).toEqual([method, id, 404, 'NOT_FOUND']);
        const mount = await rig.call(method, `/mounts/${id}`);
        expect([method, id, ...answerOf(mount)]).toEqual([method, id, 400, 'BAD_PAYLOAD']);
      }
      expect((await rig.call(method, '/mounts/by-job/%ff')).status).toBe(400);
    }
  });

  root(
    'L-06, L-04: an unknown change list is 500; one wholly outside the view is accepted, and says how much was left out',
    async () => {
      expect(answerOf(await create({ cl: 'ZZZZZZZZ' }))).toEqual([500, 'INTERNAL_ERROR']);
      const cl = await upstream.changeList('/third-party/small/README.md', 'other\n');
      const { mount_id } = (await create({ cl, cl_path: '/third-party/small' })).body;
      expect((await rig.call('GET', `/mounts/${mount_id}`)).body).toMatchObject({ cl_skipped: 1 });
      await rig.call('DELETE', `/mounts/${mount_id}`);
    },
  );

  root('H-06, H-07, H-10, W-87: bodies that are no request', async () => {
    const send = async (body: string, type = 'application/json') => {
      const headers = { 'content-type': type };
      const answer = await fetch(`${rig.url}/mounts`, { method: 'POST', headers, body });
      const { code } = (await answer.json()) as { code: string };
      return [answer.status, code];
    };
    const good = '{"path":"/project/small","job_id":"j"}';
    expect(await send('{"path":')).toEqual([400, 'BAD_PAYLOAD']);
    expect(await send('')).toEqual([400, 'BAD_PAYLOAD']);
    expect(await send(`${good}x`)).toEqual([400, 'BAD_PAYLOAD']);
    expect(await send(good, 'text/plain')).toEqual([415, 'BAD_PAYLOAD']);
    expect(await send(good, 'multipart/form-data; boundary=x')).toEqual([415, 'BAD_PAYLOAD']);
    for (const wrong of ['[]', '["j",null,"/project/small"]', 'null', '7', '"x"', '{}'])
      expect([wrong, await send(wrong)]).toEqual([wrong, [422, 'BAD_PAYLOAD']]);
    for (const value of ['7', '[]', '{}', 'true', '["/"]'])
      for (const name of ['path', 'job_id', 'build_id', 'cl', 'cl_path', 'mountpoint']) {
        const body = name === 'path' ? `{"path":${value}}` : `{"path":"/","${name}":${value}}`;
        expect([body, await send(body)]).toEqual([body, [422, 'BAD_PAYLOAD']]);
      }
    const large = `{"path":"/","job_id":"${'x'.repeat(3_000_000)}"}`;
    expect(await send(large)).toEqual([413, 'BAD_PAYLOAD']);
    // Deep nesting in a member that nobody reads is only JSON.
    expect(await send(`{"path":"","x":${'['.repeat(5000)}${']'.repeat(5000)}}`)).toEqual([
      400,
      'INVALID_REQUEST',
    ]);
  });

  root('H-10: a body without a length that never ends is cut off at the limit', async () => {
    const sent = request(`${rig.url}/mounts`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'transfer-encoding': 'chunked' },
    });
    sent.on('error', () => undefined);
    const answered = once(sent, 'response');
    // One byte too many, and no more: what nobody reads resets a connection, and takes an answer under way along.
    sent.write(' '.repeat(BODY_LIMIT + 1));
    const [answer] = (await answered) as [{ statusCode: number; resume(): void }];
    answer.resume();
    sent.destroy();
    expect(answer.statusCode).toBe(413);
  });

  root('A-07, A-10: duplicate and conflicting jobs', async () => {
    const cl = await upstream.changeList('/project/small/README.md', 'x\n');
    const first = await rig.create('same');
    expect(answerOf(await create({ job_id: 'same', path: '/project' }))).toEqual([
      400,
      'INVALID_REQUEST',
    ]);
    expect(answerOf(await create({ job_id: 'same', cl }))).toEqual([400, 'INVALID_REQUEST']);
    expect((await rig.create('same')).mount_id).toBe(first.mount_id);
    expect(await rig.mounts()).toEqual([first.mountpoint]);
    await rig.call('DELETE', `/mounts/${first.mount_id}`);
  });

  root('W-25: a client that goes in the middle of its request leaves nothing', async () => {
    const { port } = new URL(rig.url);
    for (const part of ['POST /ant', 'POST /antares/mounts HTTP/1.1\r\nhost: localhost\r\n']) {
      const socket = connect(Number(port), '127.0.0.1');
      await once(socket, 'connect');
      socket.write(part);
      await new Promise((r) => setTimeout(r, 20));
      socket.destroy();
    }
    const socket = connect(Number(port), '127.0.0.1');
    socket.write(
      'POST /antares/mounts HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 900\r\n\r\n{"path":"/","job_id":"half"',
    );
    await new Promise((r) => setTimeout(r, 50));
    socket.destroy();
    await new Promise((r) => setTimeout(r, 50));
    expect((await rig.call('GET', '/mounts/by-job/half')).status).toBe(404);
  });

  root(
    'D6: a server that goes in the middle of a change list leaves nothing, and the next try works',
    async () => {
      const cl = await upstream.push(
        '/project/small',
        'for i in $(seq 30); do echo $i > n$i; done',
      );
      server.scripts = [{ path: /\/file\/blob\// }];
      const ask = { cl, cl_path: '/project/small' };
      expect(answerOf(await create(ask))).toEqual([500, 'INTERNAL_ERROR']);
      server.scripts = [];
      const { mount_id, mountpoint } = (await create(ask)).body;
      expect(await readFile(join(mountpoint, 'n30'), 'utf8')).toBe('30\n');
      await rig.call('DELETE', `/mounts/${mount_id}`);
    },
  );

  root(
    '§4: a mount point that is no empty directory of its own is 400 and stays as it is',
    async () => {
      const place = await mkdtemp(join(tmpdir(), 'scorpio-point-'));
      try {
        await writeFile(join(place, 'full'), '');
        for (const mountpoint of [place, join(place, 'none'), join(rig.folder, 'up'), rig.folder])
          expect([mountpoint, ...answerOf(await create({ mountpoint }))]).toEqual([
            mountpoint,
            400,
            'INVALID_REQUEST',
          ]);
        await mkdir(join(place, 'taken'));
        await run('mount', ['-t', 'tmpfs', 'none', join(place, 'taken')]);
        try {
          const taken = await create({ mountpoint: join(place, 'taken') });
          expect(answerOf(taken)).toEqual([400, 'INVALID_REQUEST']);
        } finally {
          await run('umount', [join(place, 'taken')]);
        }
        expect(await readFile(join(place, 'full'), 'utf8')).toBe('');
      } finally {
        await rm(place, { recursive: true });
      }
    },
  );

  root('§4: a dead mount in the way is taken away', async () => {
    const place = await mkdtemp(join(tmpdir(), 'scorpio-dead-'));
    try {
      // Any FUSE program; killed, its mount stays and answers ENOTCONN.
      const bindfs = spawn('bindfs', ['-f', tmpdir(), place], { stdio: 'ignore' });
      await once(bindfs, 'spawn');
      const there = async () => (await readFile('/proc/self/mountinfo', 'utf8')).includes(place);
      await until('it is mounted', there);
      bindfs.kill('SIGKILL');
      await once(bindfs, 'exit');
      const { mount_id, mountpoint } = await rig.create('over', { mountpoint: place });
      expect(mountpoint).toBe(place);
      expect(await readFile(join(place, 'README.md'), 'utf8')).toBe('# project/small\n');
      await rig.call('DELETE', `/mounts/${mount_id}`);
    } finally {
      await run('sh', ['-c', `umount -l '${place}' 2>/dev/null || true`]);
      await rm(place, { recursive: true });
    }
  });
});

root(
  'S-04, W-28, D14: a state file that is truncated, from the future or no such file: the start says so and touches nothing',
  async () => {
    const spoilt: readonly ((text: string) => string)[] = [
      (text) => text.slice(0, text.length - 25),
      (text) => `version = 999\n${text}`,
      () => 'works = 7\nmounts = "all"\n',
      () => '\0\x01\x02',
    ];
    await using own = await JobRig.start(server.url);
    const { mount_id, mountpoint } = await own.create('j');
    await writeFile(join(mountpoint, 'edit'), 'mine\n');
    await own.daemon.stop();
    const file = join(own.folder, 'state.toml');
    const whole = await readFile(file, 'utf8');
    for (const spoil of spoilt) {
      await writeFile(file, spoil(whole));
      await expect(own.restart()).rejects.toThrow(/STATE_FILE|cannot be used|newer/);
      expect(await readFile(file, 'utf8')).toBe(spoil(whole));
      expect(await readFile(join(own.folder, 'up', mount_id, 'edit'), 'utf8')).toBe('mine\n');
    }
    await writeFile(file, whole);
    await own.restart();
    expect(await readFile(join(mountpoint, 'edit'), 'utf8')).toBe('mine\n');
  },
);
