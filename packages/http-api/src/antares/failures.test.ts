import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { canMount } from '@scorpiofs/fuse/testing';
import { insider, end, JobRig } from '../testing/job-rig.js';
import { recordedFailures, type RecordedFailure } from '../testing/replay.js';
import { ScriptedServer, type Script } from '../testing/scripted-server.js';
import { Upstream } from '../testing/upstream.js';

const root = canMount() ? test : test.skip;
const run = promisify(execFile);

let upstream: Upstream;
let server: ScriptedServer;
let rig: JobRig;
let cl: string;

beforeAll(async () => {
  upstream = await Upstream.start();
  cl = await upstream.changeList('/project/small/README.md', '# changed\n');
  server = await ScriptedServer.start(upstream.url);
  if (canMount()) rig = await JobRig.start(server.url);
});
afterAll(async () => {
  if (canMount()) await rig[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
  await upstream[Symbol.asyncDispose]();
});

const LIST = /\/files-list$/;
const NOWHERE = '0'.repeat(40);
const envelope = (data: unknown) => JSON.stringify({ req_result: true, data, err_message: '' });

/** What the upstream does in a row of the recording. */
const SCRIPTS: Readonly<Record<string, readonly Script[]>> = {
  'files-list 404': [{ path: LIST, status: 404, body: '' }],
  'files-list 200 {"req_result":false,"data":null,"err_message":"nope"}': [
    { path: LIST, status: 200, body: '{"req_result":false,"data":null,"err_message":"nope"}' },
  ],
  'files-list 200, body not JSON': [{ path: LIST, status: 200, body: 'no JSON' }],
  'files-list 200 {"req_result":true,"data":null,"err_message":""}': [
    { path: LIST, status: 200, body: envelope(null) },
  ],
  'files-list names a blob that answers 404': [
    { path: LIST, status: 200, body: envelope([{ path: 'x', sha: NOWHERE, action: 'new' }]) },
  ],
};

/** Rows whose recorded behaviour is a weakness: W-82 (nothing dead is called Ready), W-30 (what is not there is no empty view), W-04. */
const OURS: Readonly<Record<string, { scripts: readonly Script[]; ask: object; status: number }>> =
  {
    'every request dropped, path never seen': {
      scripts: [{ path: /./ }],
      ask: { path: '/third-party' },
      status: 500,
    },
    'content-hash answers 500, path never seen': {
      scripts: [{ path: /./, status: 500 }],
      ask: { path: '/third-party' },
      status: 500,
    },
    'path absent (empty listing)': { scripts: [], ask: { path: '/no/where' }, status: 400 },
    'cl link "A?b#c"': { scripts: [], ask: { cl: 'A?b#c' }, status: 400 },
  };

const rows = recordedFailures();
const named = (key: 'upstream' | 'requests') =>
  rows.flatMap((row) => (row[key] === undefined ? [] : [[row[key], row] as const]));
const row = (name: string): RecordedFailure => {
  const found = rows.find((r) => r.requests === name);
  if (found === undefined) throw new Error(`no row ${name}`);
  return found;
};

describe('failures.json: answers to what goes wrong', () => {
  root.each(named('upstream'))('L-06, A-24, A-26, H-16: %s', async (name, recorded) => {
    const ours = OURS[name];
    const scripts = ours?.scripts ?? SCRIPTS[name];
    if (scripts === undefined) throw new Error('a row without a script');
    server.scripts = scripts;
    const job_id = `failing ${name}`;
    const answer = await rig.call('POST', '/mounts', {
      path: '/project/small',
      job_id,
      ...(ours?.ask ?? { cl, cl_path: '/project/small' }),
    });
    server.scripts = [];
    expect(answer.status).toBe(ours?.status ?? recorded.status);
    if (answer.status === 200) {
      expect((await rig.call('GET', `/mounts/${answer.body.mount_id}/ready`)).body.ready).toBe(
        true,
      );
      await rig.call('DELETE', `/mounts/${answer.body.mount_id}`);
    } else {
      const { error, code } = answer.body;
      if (ours === undefined) {
        // The words after the last colon come from another JSON parser.
        const same = (text: string) =>
          text.replace(/(failed to parse CL files response): .*/, '$1');
        const { error: was = '', code: wasCode } = recorded.body ?? {};
        expect({ error: same(error), code }).toEqual({ error: same(was), code: wasCode });
      }
      expect(Object.keys(answer.body)).toEqual(['error', 'code']);
    }
    expect(await rig.mounts()).toEqual([]);
    expect(await rig.nothingLeft()).toEqual([]);
    // And nothing remembers the failure.
    expect(await rig.create(job_id, { cl })).toMatchObject({ mountpoint: expect.any(String) });
    await rig.call('DELETE', `/mounts/by-job/${encodeURIComponent(job_id)}`);
  });

  root(
    '8 identical creates: with a job one view (A-15), without one the recorded answers',
    async () => {
      const eight = async (ask: object) => {
        const all = await Promise.all(
          Array.from({ length: 8 }, () => rig.call('POST', '/mounts', ask)),
        );
        return all.sort((a, b) => a.status - b.status);
      };
      const same = await eight({ path: '/third-party/small', job_id: 'same' });
      expect(new Set(same.map((a) => a.body.mount_id)).size).toBe(1);
      const recorded = row('8 identical concurrent creates without job');
      const without = await eight({ path: '/third-party/small' });
      const counted = (status: number) => without.filter((a) => a.status === status).length;
      expect({ 200: counted(200), 400: counted(400) }).toEqual(recorded.statuses);
      expect(without[7]?.body.error).toBe(recorded.error);
      const third = row('second create without job, same path and cl');
      await rig.call('POST', '/mounts', {
        path: '/third-party/small',
        cl,
        cl_path: '/third-party/small',
      });
      const again = await rig.call('POST', '/mounts', { path: '/third-party/small', cl });
      expect(again.status).toBe(third.status);
      expect(again.body.error).toBe(third.error?.replace('HYFFICLT', cl));
      for (const { mount_id } of (
        (await (await fetch(`${rig.url}/mounts`)).json()) as { mounts: { mount_id: string }[] }
      ).mounts)
        await rig.call('DELETE', `/mounts/${mount_id}`);
      expect(await rig.nothingLeft()).toEqual([]);
    },
  );

  root('6 concurrent deletes of one mount', async () => {
    const { mount_id } = await rig.create('six');
    const answers = await Promise.all(
      Array.from({ length: 6 }, () => rig.call('DELETE', `/mounts/${mount_id}`)),
    );
    const counted = (status: number) => answers.filter((a) => a.status === status).length;
    expect({ 200: counted(200), 404: counted(404) }).toEqual(
      row('6 concurrent deletes of one mount').statuses,
    );
  });

  root(
    '§8, issue 5.7: the upper stays until the last process has left the view, also one that is started after the delete',
    async () => {
      const { mount_id, mountpoint } = await rig.create('parent');
      const child = 'read x <&3; cat README.md; echo mine > own; cat own';
      const parent = spawn('/bin/sh', ['-c', `exec 3<&0; echo in; read x; (${child}) & exit 0`], {
        cwd: mountpoint,
        stdio: ['pipe', 'pipe', 'ignore'],
      });
      let said = '';
      parent.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
      await once(parent.stdout, 'data');
      expect((await rig.call('DELETE', `/mounts/${mount_id}`)).body.state).toBe('Unmounted');
      const exited = once(parent, 'exit');
      const closed = once(parent, 'close');
      parent.stdin.write('\n');
      await exited;
      expect(await readdir(join(rig.folder, 'up/.trash'))).toHaveLength(1);
      parent.stdin.write('\n');
      await closed;
      expect(said).toBe('in\n# project/small\nmine\n');
      expect(await rig.nothingLeft()).toEqual([]);
    },
  );

  root('A-20: delete with an open file inside; unmounted from outside, then delete', async () => {
    const busy = await rig.create('busy');
    const inside = await insider(busy.mountpoint);
    const recorded = row('delete with an open file inside');
    const deleted = await rig.call('DELETE', `/mounts/${busy.mount_id}`);
    expect(deleted).toMatchObject({ status: recorded.status, body: { state: recorded.state } });
    // The process that is inside goes on with what it had.
    expect(await readdir(`/proc/${inside.pid}/cwd`)).toContain('README.md');
    await end(inside);
    expect(await rig.nothingLeft()).toEqual([]);
    const { mount_id, mountpoint } = await rig.create('outside');
    await run('umount', [mountpoint]);
    const gone = row('mountpoint unmounted from outside, then delete');
    expect(await rig.call('DELETE', `/mounts/${mount_id}`)).toMatchObject({
      status: gone.status,
      body: { state: gone.state },
    });
    expect(await readdir(join(rig.folder, 'mnt'))).toEqual([]);
    expect(await rig.nothingLeft()).toEqual([]);
  });
});
