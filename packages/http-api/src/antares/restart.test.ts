import { execFile } from 'node:child_process';
import { readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { canMount, until } from '@scorpiofs/fuse/testing';
import { JobRig, type Status } from '../testing/job-rig.js';
import { Upstream } from '../testing/upstream.js';

const root = canMount() ? test : test.skip;
const run = promisify(execFile);

let upstream: Upstream;
beforeAll(async () => {
  upstream = await Upstream.start();
});
afterAll(() => upstream[Symbol.asyncDispose]());

const OTHER = { kernel: 'userspace', userspace: 'kernel' } as const;

describe.each(['kernel', 'userspace'] as const)('%s engine', (engine) => {
  let rig: JobRig;
  beforeAll(async () => {
    if (canMount()) rig = await JobRig.start(upstream.url, { engine });
  });
  afterAll(async () => {
    if (canMount()) await rig[Symbol.asyncDispose]();
  });

  const changesOf = async (id: string): Promise<unknown> =>
    Reflect.get((await rig.call('GET', `/mounts/${id}/changes`)).body, 'changes');
  const inside = (view: Status, script: string) =>
    run('sh', ['-ec', script], { cwd: view.mountpoint });
  const mountLines = async (): Promise<string[]> => {
    const table = await readFile('/proc/self/mountinfo', 'utf8');
    return table.split('\n').filter((line) => line.includes(`${rig.folder}/mnt`));
  };

  describe('after SIGKILL', () => {
    let edited: Status;
    let emptied: Status;
    let untold: Status;
    let told: Status;
    let before: unknown;
    beforeAll(async () => {
      if (!canMount()) return;
      edited = await rig.create('edited');
      emptied = await rig.create('emptied');
      untold = await rig.create('untold');
      told = await rig.create('told');
      await inside(
        edited,
        'rm run.sh; mv docs papers; mkdir new; echo x > new/f; mv README.md R; rm -r papers/one.txt',
      );
      before = await changesOf(edited.mount_id);
      // A crash may lose the numbers that files of the base got in the last moments, and with them that one was renamed.
      await rig.daemon.flushed();
      await rig.daemon.kill9();
      await rm(join(rig.folder, 'up', emptied.mount_id), { recursive: true });
      const state = join(rig.folder, 'state.toml');
      const blocks = (await readFile(state, 'utf8')).split(/^(?=\[\[)/m);
      const kept = blocks.filter((block) => !block.includes(untold.mount_id));
      expect(kept).toHaveLength(blocks.length - 1);
      await writeFile(state, kept.join(''));
      await rig.restart({ engine });
    });

    root(
      'W-74, W-75, W-64, A-23: deletes and renames survive SIGKILL; changes tells them; delete leaves nothing',
      async () => {
        const { mount_id, mountpoint } = edited;
        expect(before).toEqual([
          { kind: 'renamed', path: '/R', old_path: '/README.md' },
          { kind: 'added', path: '/new' },
          { kind: 'added', path: '/new/f' },
          { kind: 'renamed', path: '/papers', old_path: '/docs' },
          { kind: 'deleted', path: '/papers/one.txt' },
          { kind: 'deleted', path: '/run.sh' },
        ]);
        const answer = await rig.call('GET', '/mounts/by-job/edited');
        expect(answer.body).toMatchObject({ mount_id, state: 'Ready' });
        expect((await readdir(mountpoint)).sort()).toEqual(['R', 'link', 'new', 'papers']);
        expect(await readdir(join(mountpoint, 'papers'))).toEqual(['two.txt']);
        expect(await changesOf(mount_id)).toEqual(before);
        expect((await rig.call('DELETE', `/mounts/${mount_id}`)).body.state).toBe('Unmounted');
        const of = async () => (await rig.left()).filter((line) => line.includes(mount_id));
        await until('nothing is left', async () => (await of()).length === 0);
      },
    );

    root('S-05: a job whose upper is gone is not brought back', async () => {
      expect((await rig.call('GET', '/mounts/by-job/emptied')).status).toBe(404);
      const state = await readFile(join(rig.folder, 'state.toml'), 'utf8');
      expect(state).not.toContain(emptied.mount_id);
    });

    root(
      'W-80, D14: what was mounted before it had a record is taken out at the next start; a recorded view comes back',
      async () => {
        const points = await rig.mounts();
        expect(points).not.toContain(untold.mountpoint);
        expect(points).toContain(told.mountpoint);
        await expect(stat(untold.mountpoint)).rejects.toMatchObject({ code: 'ENOENT' });
        expect(await readFile(join(told.mountpoint, 'README.md'), 'utf8')).not.toBe('');
      },
    );
  });

  describe('after SIGTERM', () => {
    let kept: Status;
    let renamed: Status;
    let moved: Status;
    let code: number | null;
    let before: unknown;
    let left: readonly string[];
    const expected = [
      { kind: 'metadata', path: '/docs/two.txt' },
      { kind: 'renamed', path: '/go.sh', old_path: '/run.sh' },
      { kind: 'renamed', path: '/top.txt', old_path: '/docs/one.txt' },
    ];
    beforeAll(async () => {
      if (!canMount()) return;
      kept = await rig.create('kept');
      renamed = await rig.create('renamed');
      moved = await rig.create('moved');
      await writeFile(join(kept.mountpoint, 'kept'), 'kept\n');
      await inside(
        renamed,
        'mv docs/one.txt top.txt; chmod 600 docs/two.txt; mv run.sh go.sh; echo x >> go.sh',
      );
      // Also for two who ask at once.
      const asked = [changesOf(renamed.mount_id), changesOf(renamed.mount_id)];
      expect(await Promise.all(asked)).toEqual([expected, expected]);
      await inside(moved, 'mv docs papers; rm run.sh; mv README.md R');
      before = await changesOf(moved.mount_id);
      code = await rig.daemon.stop();
      left = await rig.mounts();
      await rig.restart({ engine: OTHER[engine] });
    });

    root(
      'H-17, W-26, A-30: SIGTERM unmounts everything and exits 0; records stay, and the next start brings the jobs back',
      async () => {
        expect([code, left]).toEqual([0, []]);
        const { body } = await rig.call('GET', '/mounts/by-job/kept');
        expect(body).toMatchObject({ mount_id: kept.mount_id, state: 'Ready' });
        expect(await readFile(join(kept.mountpoint, 'kept'), 'utf8')).toBe('kept\n');
      },
    );

    root(
      'D11: an upper goes on under the other engine, with what was renamed and deleted',
      async () => {
        const { body } = await rig.call('GET', `/mounts/${moved.mount_id}`);
        expect(Reflect.get(body, 'engine')).toBe(OTHER[engine]);
        expect((await readdir(moved.mountpoint)).sort()).toEqual(['R', 'link', 'papers']);
        const papers = await readdir(join(moved.mountpoint, 'papers'));
        expect(papers.sort()).toEqual(['one.txt', 'two.txt']);
        expect(await changesOf(moved.mount_id)).toEqual(before);
      },
    );

    root(
      '§7: a renamed file is told with its old path, a mode alone as metadata, also after a restart',
      async () => {
        expect(await changesOf(renamed.mount_id)).toEqual(expected);
        await rig.daemon.stop();
        await rig.restart({ engine });
        expect(await changesOf(renamed.mount_id)).toEqual(expected);
      },
    );
  });

  root(
    'W-80: SIGKILL at any time of a create leaves no process and no mount that cannot be ended',
    async () => {
      const names = async (at: string) => await readdir(join(rig.folder, at));
      const known = { up: await names('up'), mounts: await rig.mounts() };
      // The request is sent; there is an upper; there is a mount.
      const moments = [
        () => Promise.resolve(true),
        async () => (await names('up')).length > known.up.length,
        async () => (await rig.mounts()).length > known.mounts.length,
      ];
      for (const [i, moment] of moments.entries()) {
        const creating = rig.create(`killed-${i}`).catch(() => undefined);
        await until(`moment ${i}`, moment);
        await rig.daemon.kill9();
        await creating;
        await rig.restart({ engine });
        known.up = await names('up');
        known.mounts = await rig.mounts();
      }
      const type = engine === 'kernel' ? 'overlay' : 'fuse.scorpiofs';
      for (const line of await mountLines()) expect(line).toContain(type);
      const { mounts } = (await rig.call('GET', '/mounts')).body as unknown as { mounts: Status[] };
      expect(mounts.map(({ mountpoint }) => mountpoint).sort()).toEqual(
        (await rig.mounts()).sort(),
      );
      for (const { mount_id } of mounts)
        expect((await rig.call('DELETE', `/mounts/${mount_id}`)).body.state).toBe('Unmounted');
      expect(await rig.mounts()).toEqual([]);
    },
  );
});
