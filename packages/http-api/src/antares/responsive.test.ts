import { execFile } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { canMount, until } from '@scorpiofs/fuse/testing';
import { JobRig } from '../testing/job-rig.js';
import { ScriptedServer } from '../testing/scripted-server.js';
import { Upstream } from '../testing/upstream.js';

const root = canMount() ? test : test.skip;
const run = promisify(execFile);

let upstream: Upstream;
let server: ScriptedServer;
let rig: JobRig;

beforeAll(async () => {
  // Its plain routes name the path that is asked for.
  upstream = await Upstream.start({ extension: false });
  server = await ScriptedServer.start(upstream.url);
  if (canMount()) rig = await JobRig.start(server.url);
});
afterEach(() => {
  server.scripts = [];
});
afterAll(async () => {
  if (canMount()) await rig[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
  await upstream[Symbol.asyncDispose]();
});

const drop = async (...jobs: readonly string[]) => {
  for (const job of jobs) await rig.call('DELETE', `/mounts/by-job/${job}`);
  expect(await rig.nothingLeft()).toEqual([]);
};

describe('the daemon goes on answering', () => {
  root(
    'W-12: paths whose listings are slow do not keep others waiting, however many there are',
    async () => {
      let open = (): void => undefined;
      const gate = new Promise<void>((resolve) => (open = resolve));
      server.scripts = [{ path: /path=(%2F|\/)project/, until: gate }];
      const slow = Array.from({ length: 6 }, (_, i) =>
        rig.call('POST', '/mounts', { path: `/project/${i}`, job_id: `slow-${i}` }),
      );
      let waiting = slow.length;
      for (const one of slow) void one.then(() => (waiting -= 1));
      const isHeld = (line: string): boolean => /path=(%2F|\/)project/.test(line);
      await until('one is on its way', () => server.requests.some(isHeld));
      await rig.create('quick', { path: '/third-party/small' });
      expect(waiting).toBe(6);
      open();
      expect((await Promise.all(slow)).map((answer) => answer.status)).toEqual(
        Array.from({ length: 6 }, () => 400),
      );
      await drop('quick');
    },
  );

  root('A-27: one path is listed once for many creates at once', async () => {
    const before = server.requests.length;
    const jobs = Array.from({ length: 10 }, (_, i) => `once-${i}`);
    await Promise.all(jobs.map((job) => rig.create(job, { path: '/project/small/docs' })));
    // None at all where the listing had come before, with its neighbours.
    // Its own: what lies above may be asked for again when the base looks whether the server has moved on.
    const asked = server.requests.slice(before).filter((line) => line.includes('docs'));
    expect(asked.filter((line, i) => asked.indexOf(line) !== i)).toEqual([]);
    await drop(...jobs);
  });

  root(
    'W-14, D7: views that have ended leave nothing that goes on asking the server, and no descriptor',
    async () => {
      const descriptors = async () => (await readdir(`/proc/${rig.daemon.child.pid}/fd`)).length;
      const round = async () => {
        const jobs = ['/', '/project', '/project/small', '/third-party', '/third-party/small'];
        await Promise.all(jobs.map((path, i) => rig.create(`round-${i}`, { path })));
        await drop(...jobs.map((_, i) => `round-${i}`));
      };
      await round();
      const before = await descriptors();
      for (let i = 0; i < 5; i++) await round();
      // Idle connections come and go.
      await until('few are open', async () => (await descriptors()) <= before + 4);
      // What was asked for before may still be on its way.
      await until('a second without a request', async () => {
        const asked = server.requests.length;
        await new Promise((r) => setTimeout(r, 1000));
        return server.requests.length === asked;
      });
    },
  );

  root('W-17, D13: while a large upper is removed, requests are answered', async () => {
    const removing = async () => (await readdir(join(rig.folder, 'up/.trash'))).length > 0;
    // Were it removed at one go, no answer would ever come between. That one does takes a removal that is slower than this test, so it grows,
    // and is tried again where this test got no turn.
    let between = 0;
    for (let files = 200, tries = 0; between === 0 && tries < 20; tries++) {
      const { mountpoint } = await rig.create('large');
      const script = `mkdir d1 d2 d3 d4; for d in d*; do seq -f "$d/f%g" ${files} | xargs touch; done`;
      await run('sh', ['-ec', script], { cwd: mountpoint });
      await rig.call('DELETE', '/mounts/by-job/large');
      while (await removing()) {
        expect((await rig.call('GET', '/health')).status).toBe(200);
        if (await removing()) between += 1;
      }
      files = Math.min(2 * files, 6400);
    }
    expect(between).toBeGreaterThan(0);
    await drop();
  });
});
