import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { canMount } from '@scorpiofs/fuse/testing';
import { JobRig } from '../testing/job-rig.js';
import { Upstream } from '../testing/upstream.js';

const root = canMount() ? test : test.skip;

let upstream: Upstream;
beforeAll(async () => {
  upstream = await Upstream.start();
});
afterAll(() => upstream[Symbol.asyncDispose]());

/** Which call of a change of layers comes at which number. */
const STEPS: readonly (readonly [number, string])[] = [
  // The new layer is at its place from the beginning; then the stand-in, the second upper, the exchange.
  [4, 'moving under'],
  [5, 'unmounting'],
  [6, 'mounting'],
  [8, 'moving under'],
  [9, 'unmounting'],
  [10, 'clearing'],
];

root(
  'D9, D14, W-23: SIGKILL at any step of a change of layers: the next start has the old or the new state, whole, and nothing of the other',
  async () => {
    const A = await upstream.changeList('/project/small/docs/one.txt', 'A\n');
    const B = await upstream.changeList('/project/small/docs/two.txt', 'B\n');
    expect(B).not.toBe(A);
    await using rig = await JobRig.start(upstream.url, { engine: 'kernel' });
    const { mount_id, mountpoint } = await rig.create('j', { cl: A });
    const at = (name: string): string => join(mountpoint, name);
    const texts = (): Promise<string[]> =>
      Promise.all(['docs/one.txt', 'docs/two.txt'].map((name) => readFile(at(name), 'utf8')));
    await appendFile(at('own'), '0\n');
    let expected = '0\n';
    await rig.daemon.stop();
    await rig.restart({ engine: 'kernel', killAt: STEPS[0]?.[0] ?? 0 });
    for (const [i, [number, name]] of STEPS.entries()) {
      const dies = once(rig.daemon.child, 'exit');
      await expect(rig.call('POST', `/mounts/${mount_id}/cl`, { cl: B })).rejects.toThrow();
      expect(await dies).toEqual([null, 'SIGKILL']);
      expect(await readFile(join(rig.folder, 'killed-before'), 'utf8')).toBe(name);
      await rig.restart({ engine: 'kernel', killAt: STEPS[i + 1]?.[0] ?? 0 });
      const { state, cl } = (await rig.call('GET', `/mounts/${mount_id}`)).body;
      expect(state).toBe('Ready');
      expect([A, B]).toContain(cl);
      expect(await texts()).toEqual(cl === A ? ['A\n', 'two\n'] : ['one\n', 'B\n']);
      expect(await readFile(at('own'), 'utf8')).toBe(expected);
      await appendFile(at('own'), `${number}\n`);
      expected += `${number}\n`;
      expect(await rig.mounts('')).toEqual([join(rig.folder, 'base'), mountpoint]);
      const work = join(rig.folder, 'up/.work');
      expect((await readdir(join(work, mount_id))).filter((one) => one !== 'work')).toEqual([]);
      const left = await rig.left();
      expect(left.filter((one) => /^cl\/[^.]|^cl\/.new/.test(one))).toEqual([`cl/${mount_id}`]);
    }
    const done = await rig.call('POST', `/mounts/${mount_id}/cl`, { cl: B });
    expect(done).toMatchObject({ status: 200, body: { state: 'Ready', cl: B } });
    expect(await texts()).toEqual(['one\n', 'B\n']);
    expect(await readFile(at('own'), 'utf8')).toBe(expected);
    await rig.call('DELETE', `/mounts/${mount_id}`);
    expect(await rig.nothingLeft()).toEqual([]);
  },
);

root(
  '§8, D14: who is inside while the daemon is killed keeps the old upper; the view that comes back has its own, with the same files',
  async () => {
    await using rig = await JobRig.start(upstream.url, { engine: 'kernel' });
    const { mount_id, mountpoint } = await rig.create('j');
    const writer = spawn(
      '/bin/sh',
      ['-c', 'exec 5>>log; echo in; read x; echo after >&5; echo lost > made; echo done; read x'],
      { cwd: mountpoint, stdio: ['pipe', 'pipe', 'ignore'] },
    );
    try {
      await once(writer.stdout, 'data');
      await appendFile(join(mountpoint, 'log'), 'before\n');
      await rig.daemon.kill9();
      await rig.restart({ engine: 'kernel' });
      const said = once(writer.stdout, 'data');
      writer.stdin.write('\n');
      await said;
      expect(await readFile(join(mountpoint, 'log'), 'utf8')).toBe('before\nafter\n');
      expect(await readdir(mountpoint)).not.toContain('made');
      expect((await rig.call('GET', `/mounts/${mount_id}/changes`)).body).toMatchObject({
        changes: [{ kind: 'added', path: '/log' }],
      });
    } finally {
      const exited = once(writer, 'exit');
      writer.kill('SIGKILL');
      await exited;
    }
    await rig.call('DELETE', `/mounts/${mount_id}`);
    expect(await rig.nothingLeft()).toEqual([]);
  },
);
