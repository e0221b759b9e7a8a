import { execFile } from 'node:child_process';
import { mkdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { canMount, until } from '@scorpiofs/fuse/testing';
import { JobRig } from '../testing/job-rig.js';
import { Upstream } from '../testing/upstream.js';

const root = canMount() ? test : test.skip;
const run = promisify(execFile);

let upstream: Upstream;
beforeAll(async () => {
  upstream = await Upstream.start();
});
afterAll(() => upstream[Symbol.asyncDispose]());

/** By an administrator, as the last way out of a hang. */
async function abort(rig: JobRig, mountpoint: string): Promise<void> {
  const table = await readFile('/proc/self/mountinfo', 'utf8');
  const line = table.split('\n').find((one) => one.split(' ')[4] === mountpoint);
  const number = line?.split(' ')[2]?.split(':')[1];
  const control = join(rig.folder, 'control');
  await mkdir(control);
  await run('mount', ['-t', 'fusectl', 'none', control]);
  try {
    await writeFile(join(control, String(number), 'abort'), '1');
  } finally {
    await run('umount', [control]);
    await rmdir(control);
  }
}

/** In every answer that tells the state of a view. */
async function saysFailed(rig: JobRig, mount_id: string, why: string): Promise<void> {
  const look = async (): Promise<unknown> =>
    (await rig.call('GET', `/mounts/${mount_id}`)).body.state;
  await until('it is not Ready any more', async () => (await look()) !== 'Ready');
  const state = { Failed: { reason: expect.stringContaining(why) } };
  expect(await look()).toEqual(state);
  const listed: unknown = Reflect.get((await rig.call('GET', '/mounts')).body, 'mounts');
  expect(listed).toContainEqual(expect.objectContaining({ mount_id, state }));
  expect((await rig.call('GET', `/mounts/${mount_id}/ready`)).body).toMatchObject({ ready: false });
  expect((await rig.call('GET', '/health')).body).toMatchObject({ status: 'degraded' });
}

describe('mounts that are not what they should be', () => {
  root(
    'W-21, W-82, A-32, D6: with the connection of the base aborted, its views say Failed, nothing waits, nothing sticks, and delete and create work',
    async () => {
      await using rig = await JobRig.start(upstream.url, { engine: 'kernel' });
      const link = await upstream.changeList('/project/small/docs/two.txt', 'TWO\n');
      const { mount_id, mountpoint } = await rig.create('j');
      const kept = await rig.create('k', { path: '/third-party/small' });
      await writeFile(join(mountpoint, 'mine'), 'mine\n');
      await abort(rig, join(rig.folder, 'base'));
      await saysFailed(rig, mount_id, 'the mount of the base below it has ended');
      const changed = await rig.call('POST', `/mounts/${mount_id}/cl`, { cl: link });
      expect([changed.status, changed.body.code]).toEqual([400, 'INVALID_REQUEST']);
      const again = await rig.call('POST', '/mounts', { path: '/project/small', job_id: 'j' });
      expect([again.status, again.body.error]).toEqual([400, expect.stringContaining('Failed')]);
      const deleted = await rig.call('DELETE', `/mounts/${mount_id}`);
      expect(deleted).toMatchObject({ status: 200, body: { state: 'Unmounted' } });
      // The base is there again, under views that are made from now on.
      const made = await rig.create('j');
      expect(await readFile(join(made.mountpoint, 'docs/two.txt'), 'utf8')).toBe('two\n');
      for (const id of [made.mount_id, kept.mount_id]) await rig.call('DELETE', `/mounts/${id}`);
      expect((await rig.call('GET', '/health')).body).toMatchObject({ status: 'healthy' });
      expect(await rig.mounts('')).toEqual([join(rig.folder, 'base')]);
      expect(await rig.nothingLeft()).toEqual([]);
    },
  );

  root(
    'W-21, W-82, D6: a userspace view whose connection was aborted says Failed, and delete and create work',
    async () => {
      await using rig = await JobRig.start(upstream.url, { engine: 'userspace' });
      const { mount_id, mountpoint } = await rig.create('j');
      const other = await rig.create('k');
      await abort(rig, mountpoint);
      await saysFailed(rig, mount_id, 'its connection was aborted');
      expect((await rig.call('GET', `/mounts/${other.mount_id}/ready`)).body.ready).toBe(true);
      const deleted = await rig.call('DELETE', `/mounts/${mount_id}`);
      expect(deleted).toMatchObject({ status: 200, body: { state: 'Unmounted' } });
      const made = await rig.create('j');
      expect(await readFile(join(made.mountpoint, 'docs/two.txt'), 'utf8')).toBe('two\n');
      for (const id of [made.mount_id, other.mount_id]) await rig.call('DELETE', `/mounts/${id}`);
      expect(await rig.mounts('')).toEqual([]);
      expect(await rig.nothingLeft()).toEqual([]);
    },
  );

  root(
    'A-22, W-32: whoever mounted over a view is unmounted with it before it is called Unmounted',
    async () => {
      await using rig = await JobRig.start(upstream.url);
      const { mount_id, mountpoint } = await rig.create('j');
      await run('mount', ['-t', 'tmpfs', 'over', mountpoint]);
      await mkdir(join(mountpoint, 'deep'));
      await run('mount', ['-t', 'tmpfs', 'inside', join(mountpoint, 'deep')]);
      const deleted = await rig.call('DELETE', `/mounts/${mount_id}`);
      expect(deleted).toMatchObject({ status: 200, body: { state: 'Unmounted' } });
      expect(await rig.mounts()).toEqual([]);
    },
  );

  root(
    'A-21, W-32, A-08: an unmount that fails is 200 with Failed and its reason; listed, blocks its job, and a second delete works',
    async () => {
      await using rig = await JobRig.start(upstream.url, { failUnmounts: 1 });
      const { mount_id, mountpoint } = await rig.create('j');
      const failed = await rig.call('DELETE', `/mounts/${mount_id}`);
      const state = { Failed: { reason: 'unmount failed: EPERM' } };
      expect(failed).toMatchObject({ status: 200, body: { mount_id, job_id: 'j', state } });
      expect(await rig.mounts()).toEqual([mountpoint]);
      expect((await rig.call('GET', `/mounts/${mount_id}`)).body.state).toEqual(state);
      expect((await rig.call('GET', '/health')).body).toMatchObject({ status: 'degraded' });
      const again = await rig.call('POST', '/mounts', { path: '/project/small', job_id: 'j' });
      expect(again.status).toBe(400);
      expect(again.body.error).toContain('is currently in state Failed');
      expect((await rig.call('DELETE', `/mounts/${mount_id}`)).body.state).toBe('Unmounted');
      expect(await rig.nothingLeft()).toEqual([]);
    },
  );

  root(
    'W-31, A-24: a view that the kernel does not mount is never Ready: 500, and nothing is left',
    async () => {
      await using rig = await JobRig.start(upstream.url);
      // An overlay cannot have its upper on another overlay.
      const up = join(rig.folder, 'up');
      const dirs = ['lower', 'u', 'w'].map((name) => join(rig.folder, 'nested', name));
      for (const dir of [up, ...dirs]) await mkdir(dir, { recursive: true });
      const [lower, upper, work] = dirs;
      const options = `lowerdir=${lower},upperdir=${upper},workdir=${work}`;
      await run('mount', ['-t', 'overlay', 'nested', '-o', options, up]);
      try {
        const events = await rig.call('POST', '/mounts', { path: '/project', job_id: 'j' });
        expect([events.status, events.body.code]).toEqual([500, 'FUSE_ERROR']);
        expect((await rig.call('GET', '/mounts/by-job/j')).status).toBe(404);
        expect(await rig.mounts()).toEqual([]);
        expect(await rig.nothingLeft()).toEqual([]);
      } finally {
        await run('umount', [up]);
      }
      const { mountpoint } = await rig.create('j');
      expect(await readFile(join(mountpoint, 'README.md'), 'utf8')).toBe('# project/small\n');
    },
  );
});
