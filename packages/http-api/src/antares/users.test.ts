import { execFile } from 'node:child_process';
import { chmod, lstat, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { canMount } from '@scorpiofs/fuse/testing';
import { JobRig } from '../testing/job-rig.js';
import { Upstream } from '../testing/upstream.js';

const root = canMount() ? test : test.skip;
const run = promisify(execFile);
const USER = { uid: 1234, gid: 2345 };
const OTHER = { uid: 4321, gid: 4321 };

let upstream: Upstream;
beforeAll(async () => {
  upstream = await Upstream.start();
});
afterAll(() => upstream[Symbol.asyncDispose]());

async function as(who: typeof USER, cwd: string, script: string): Promise<string> {
  const argv = ['-ec', `cd ${cwd} && { ${script}\n}`];
  return (await run('sh', argv, { ...who, cwd: '/', timeout: 120_000 })).stdout;
}

const table = (): Promise<string> => readFile('/proc/self/mountinfo', 'utf8');

describe.each([
  ['kernel engine, idmapped clone of the base', { engine: 'kernel' }],
  ['kernel engine, base with another owner', { engine: 'kernel', idmap: false }],
  ['userspace engine', { engine: 'userspace' }],
] as const)('%s', (_name, order) => {
  root(
    'D11, issue 5.2: a job of another user creates, changes, renames and deletes; all of it is that user’s, and nobody else enters',
    async () => {
      const cl = await upstream.push('/project/small', 'echo changed > docs/two.txt');
      await using rig = await JobRig.start(upstream.url, order);
      await chmod(rig.folder, 0o711);
      const { mount_id, mountpoint } = await rig.create('j', { ...USER, cl });
      const own = await rig.create('own');
      expect((await rig.call('GET', `/mounts/${mount_id}`)).body).toMatchObject(USER);
      if (order.engine === 'kernel')
        expect(/-users\/1234-2345 \S*idmapped/.test(await table())).toBe(!('idmap' in order));
      const seen = await as(USER, mountpoint, 'stat -c %u:%g . README.md docs docs/two.txt link');
      expect(seen).toBe('1234:2345\n'.repeat(5));
      const script = `echo mine > new; echo more >> README.md; mv docs/one.txt moved; rm run.sh; mkdir -p d/e
        echo more >> docs/two.txt; chmod 600 docs/two.txt; mv docs papers; ln -s new l; cat papers/two.txt`;
      expect(await as(USER, mountpoint, script)).toBe('changed\nmore\n');
      const upper = join(rig.folder, 'up', mount_id);
      for (const name of ['new', 'README.md', 'moved', 'd/e', 'papers', 'papers/two.txt', 'l'])
        expect([name, await lstat(join(upper, name))]).toMatchObject([name, USER]);
      await expect(as(OTHER, mountpoint, 'ls')).rejects.toThrow("can't cd");
      await expect(as(USER, own.mountpoint, 'ls')).rejects.toThrow("can't cd");
      // Nobody else's view shows that owner.
      expect((await lstat(join(own.mountpoint, 'README.md'))).uid).toBe(0);
      const changes = async (): Promise<unknown> =>
        Reflect.get((await rig.call('GET', `/mounts/${mount_id}/changes`)).body, 'changes');
      const before = await changes();
      expect(before).toContainEqual({ kind: 'renamed', path: '/moved', old_path: '/docs/one.txt' });
      await rig.daemon.kill9();
      await rig.restart(order);
      expect(await as(USER, mountpoint, 'cat new papers/two.txt; echo again >> new; rm link')).toBe(
        'mine\nchanged\nmore\n',
      );
      for (const job of ['j', 'own']) await rig.call('DELETE', `/mounts/by-job/${job}`);
      expect(await rig.nothingLeft()).toEqual([]);
    },
  );
});

root('uid and gid are part of what a job is, and are checked', async () => {
  await using rig = await JobRig.start(upstream.url);
  const ask = async (more: object) => {
    const body = { path: '/project/small', job_id: 'j', ...more };
    return (await rig.call('POST', '/mounts', body)).status;
  };
  expect(await ask({ gid: 5 })).toBe(400);
  expect(await ask({ uid: -1 })).toBe(422);
  expect(await ask({ uid: 4_294_967_295 })).toBe(422);
  expect(await ask({ uid: '5' })).toBe(422);
  expect(await ask({ uid: 0, gid: 0 })).toBe(200);
  expect(await ask({})).toBe(200);
  expect(await ask({ uid: 5 })).toBe(400);
});
