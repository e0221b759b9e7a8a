import { execFile } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { canMount } from '@scorpiofs/fuse/testing';
import { JobRig } from '../testing/job-rig.js';
import { Upstream } from '../testing/upstream.js';

const root = canMount() ? test : test.skip;
const run = promisify(execFile);

let upstream: Upstream;
beforeAll(async () => {
  upstream = await Upstream.start();
});
afterAll(() => upstream[Symbol.asyncDispose]());

describe('mounts that are not what they should be', () => {
  root(
    'W-21, W-82, A-32: with the base dead under a view, nothing waits, nothing sticks, and delete works',
    async () => {
      await using rig = await JobRig.start(upstream.url);
      const link = await upstream.changeList('/project/small/docs/two.txt', 'TWO\n');
      const { mount_id, mountpoint } = await rig.create('j');
      await writeFile(join(mountpoint, 'mine'), 'mine\n');
      // By an administrator: the connection is aborted; the view keeps its dead lower.
      await run('timeout', ['5', 'umount', '-f', '-c', join(rig.folder, 'base')]);
      const changed = await rig.call('POST', `/mounts/${mount_id}/cl`, { cl: link });
      expect(changed.status).toBe(500);
      expect((await rig.call('GET', `/mounts/${mount_id}/ready`)).body.ready).toBe(false);
      const other = await rig.call('POST', '/mounts', { path: '/third-party', job_id: 'k' });
      expect([other.status, other.body.code]).toEqual([500, 'FUSE_ERROR']);
      const deleted = await rig.call('DELETE', `/mounts/${mount_id}`);
      expect(deleted).toMatchObject({ status: 200, body: { state: 'Unmounted' } });
      expect(await rig.mounts()).toEqual([]);
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
