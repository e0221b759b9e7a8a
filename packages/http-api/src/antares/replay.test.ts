import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { canMount } from '@scorpiofs/fuse/testing';
import { startDaemon, type Daemon } from '../testing/daemon.js';
import type { DaemonOrder } from '../testing/daemon-main.js';
import { Replay, steps } from '../testing/replay.js';
import { Upstream } from '../testing/upstream.js';

const root = canMount() ? test : test.skip;

let upstream: Upstream;
let links: Record<string, string>;
let folder: string;
let daemon: Daemon | undefined;

beforeAll(async () => {
  upstream = await Upstream.start();
  links = {
    HYFFICLT: await upstream.changeList('/project/small/README.md', '# changed\n'),
    PDWWOR8K: await upstream.changeList('/project/small/docs/one.txt', 'changed\n'),
  };
});
afterAll(() => upstream[Symbol.asyncDispose]());

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'scorpio-replay-'));
});
afterEach(async () => {
  if (daemon?.child.exitCode === null) await daemon.stop();
  daemon = undefined;
  expect((await readFile('/proc/self/mountinfo', 'utf8')).includes(folder)).toBe(false);
  await rm(folder, { recursive: true });
});

async function start(more: Partial<DaemonOrder> = {}): Promise<Replay> {
  daemon = await startDaemon({ url: upstream.url, root: folder, ...more });
  return new Replay(daemon.url, { $D: folder, ...links });
}

/** Rows whose recorded behaviour is a weakness: what holds here instead. */
const OURS: Readonly<Record<string, { status: number; error: RegExp }>> = {
  // W-04, L-15
  'cl odd': { status: 400, error: /is no link of a change list/ },
  // W-30
  'nonexistent path': { status: 400, error: /does not exist/ },
  'path is a file': { status: 400, error: /is not a directory/ },
  // W-03, A-05
  'path ..': { status: 400, error: /cannot contain "\.\."/ },
  'path nul': { status: 400, error: /NUL/ },
  'job nul': { status: 400, error: /not usable/ },
};
function step(name: string) {
  const found = steps('antares-lifecycle').find((s) => s.name === name);
  if (found === undefined) throw new Error(`no ${name}`);
  return found;
}

/** The recorded answer counts or names what only a weakness made. */
const OTHER_COUNT = new Set(['health', 'list all', 'describe path //']);

describe('the answers recorded from 0.2.3', () => {
  root('routes.json: R1–R11 without mounts (H-01…H-10, H-13, H-16; W-02, W-87, W-88)', async () => {
    const replay = await start();
    for (const step of steps('routes')) {
      if (step.path.startsWith('/api/')) {
        // A later issue: until then these routes are not there.
        expect((await replay.send(step)).status).toBe(404);
        continue;
      }
      const answer = await replay.send(step);
      if (step.name === 'POST mounts: positional array') {
        expect([step.name, answer.status]).toEqual([step.name, 422]);
        continue;
      }
      const { seen, recorded } = replay.compare(step, answer);
      expect([step.name, seen]).toEqual([step.name, recorded]);
      expect([step.name, answer.headers.has('deprecation')]).toEqual([step.name, false]);
      expect(answer.headers.get('x-request-id')).toMatch(/./);
    }
  });

  root('antares-lifecycle.json (A-01…A-19, A-25; W-03, W-04, W-30)', async () => {
    const replay = await start();
    for (const step of steps('antares-lifecycle')) {
      const answer = await replay.send(step);
      const ours = OURS[step.name];
      if (ours !== undefined) {
        const { error } = JSON.parse(answer.text) as { error: string };
        expect([step.name, answer.status]).toEqual([step.name, ours.status]);
        expect(error).toMatch(ours.error);
        continue;
      }
      const { seen, recorded } = replay.compare(step, answer);
      if (!OTHER_COUNT.has(step.name)) expect([step.name, seen]).toEqual([step.name, recorded]);
    }
    // W-20, A-24: what failed left nothing; what was deleted left nothing but what is being removed.
    const { mounts } = JSON.parse((await replay.send(step('list all'))).text) as {
      mounts: { mount_id: string }[];
    };
    const ids = mounts.map((m) => m.mount_id).sort();
    const names = async (at: string) =>
      (await readdir(join(folder, at))).filter((n) => !n.startsWith('.')).sort();
    expect(await names('up')).toEqual(ids);
    expect(await names('mnt')).toEqual(ids);
    expect(await readdir(join(folder, 'cl/.new'))).toEqual([]);
  });

  root(
    'antares-cl.json (L-07…L-10, A-08; W-22, W-23, L-11: a failed change brings the old view back)',
    async () => {
      const replay = await start({ options: { quiesceMs: 0 } });
      for (const step of steps('antares-cl')) {
        if (step.name === 'attach while busy') break;
        const answer = await replay.send(step);
        const { seen, recorded } = replay.compare(step, answer);
        if (step.name === 'ready after failed attach')
          expect(JSON.parse(answer.text)).toMatchObject({ ready: true, state: 'Ready' });
        else if (step.name === 'describe after failed attach')
          expect(JSON.parse(answer.text)).toMatchObject({ cl: links['PDWWOR8K'], state: 'Ready' });
        else expect([step.name, seen]).toEqual([step.name, recorded]);
      }
    },
  );

  root('antares-cl.json: calls while quiescing (A-08, L-09)', async () => {
    const replay = await start({ options: { quiesceMs: 1500 } });
    const body = { path: '/third-party/small', job_id: 'qq' };
    const headers = { 'content-type': 'application/json' };
    const post = (path: string, json: object) =>
      fetch(replay.url + path, { method: 'POST', headers, body: JSON.stringify(json) });
    const { mount_id } = (await (await post('/antares/mounts', body)).json()) as {
      mount_id: string;
    };
    replay.bind('$ID2', mount_id);
    const attaching = post(`/antares/mounts/${mount_id}/cl`, { cl: links['HYFFICLT'] });
    for (let ready = true; ready;) {
      const answer = await fetch(`${replay.url}/antares/mounts/${mount_id}/ready`);
      ({ ready } = (await answer.json()) as { ready: boolean });
    }
    const rows = steps('antares-cl').filter(({ name }) => name.endsWith('while quiescing'));
    expect(rows).toHaveLength(6);
    for (const step of rows) {
      const { seen, recorded } = replay.compare(step, await replay.send(step));
      expect([step.name, seen]).toEqual([step.name, recorded]);
    }
    expect((await attaching).status).toBe(200);
  });

  root(
    'orion-trace.json, mega-server 8.6: create, poll, delete, retry (A01, A-18, A-25)',
    async () => {
      const replay = await start();
      for (const step of steps('orion-trace')) {
        const { seen, recorded } = replay.compare(step, await replay.send(step));
        expect([step.name, seen]).toEqual([step.name, recorded]);
      }
    },
  );

  root(
    'antares-serve.json: routes at the root; after SIGKILL jobs come back (H-01, S-05; W-81)',
    async () => {
      let replay = await start({ prefix: '' });
      for (const step of steps('antares-serve')) {
        if (step.name !== 'list after kill+restart') {
          const { seen, recorded } = replay.compare(step, await replay.send(step));
          expect([step.name, seen]).toEqual([step.name, recorded]);
          continue;
        }
        // 0.2.3 forgets here; D9: the job is there with its id.
        const json = { path: '/third-party/small', job_id: 'j2' };
        const create = { ...step, name: 'j2', method: 'POST', json };
        const { mount_id } = JSON.parse((await replay.send(create)).text) as { mount_id: string };
        await daemon?.kill9();
        replay = await start({ prefix: '' });
        const list = await replay.send(step);
        expect(JSON.parse(list.text)).toMatchObject({
          mounts: [{ mount_id, job_id: 'j2', state: 'Ready' }],
        });
        break;
      }
    },
  );
});
