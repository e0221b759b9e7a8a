import { fork, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import {
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  realpath,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { AntaresConfig } from '@scorpiofs/antares';
import { canMount } from '@scorpiofs/fuse/testing';
import { JobRig } from '../testing/job-rig.js';
import { Upstream } from '../testing/upstream.js';

const root = canMount() ? test : test.skip;
const MAIN = fileURLToPath(new URL('../../dist/testing/manager-main.js', import.meta.url));

let upstream: Upstream;
beforeAll(async () => {
  upstream = await Upstream.start();
});
afterAll(() => upstream[Symbol.asyncDispose]());

interface Failure {
  readonly code?: string;
  readonly message: string;
}

/** A program that has the library in it. */
class Program implements AsyncDisposable {
  readonly #child: ChildProcess;
  #calls = 0;

  static async start(folder: string): Promise<Program> {
    const program = new Program(
      fork(MAIN, [upstream.url, folder], { cwd: '/', execArgv: ['--no-warnings'] }),
    );
    await once(program.#child, 'message');
    return program;
  }

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  async call<T = AntaresConfig>(verb: string, ...args: readonly unknown[]): Promise<T> {
    const number = (this.#calls += 1);
    const answered = new Promise<[T, Failure | undefined]>((resolve) => {
      const listen = ([of, result, failure]: [number, T, Failure | undefined]): void => {
        if (of !== number) return;
        this.#child.off('message', listen);
        resolve([result, failure]);
      };
      this.#child.on('message', listen);
    });
    this.#child.send([number, verb, args]);
    const [result, failure] = await answered;
    if (failure !== undefined) throw Object.assign(new Error(failure.message), failure);
    return result;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const exited = once(this.#child, 'exit');
    this.#child.disconnect();
    await exited;
  }
}

async function fresh(prefix: string): Promise<string> {
  return await realpath(await mkdtemp(join(tmpdir(), prefix)));
}

describe('worktrees (spec 6.1)', () => {
  root(
    'W-X1, WT1–WT6, WT8, W-09, W-66: by the library, several at once, at places of the caller’s own',
    async () => {
      const [folder, places] = await Promise.all(
        ['library', 'trees'].map((name) => fresh(`scorpio-worktree-${name}-`)),
      );
      if (folder === undefined || places === undefined) throw new Error('no folders');
      try {
        const cl = await upstream.changeList('/project/small/README.md', '# changed\n');
        await using program = await Program.start(folder);
        const names = ['one', 'two', 'three'];
        const trees = await Promise.all(
          names.map(async (name) => {
            const place = join(places, name);
            await mkdir(place, { recursive: true });
            return await program.call('mountJobAt', `worktree-${randomUUID()}`, place);
          }),
        );
        expect(trees.map((tree) => tree.mountpoint)).toEqual(
          names.map((name) => join(places, name)),
        );
        const [one, two] = trees;
        if (one === undefined || two === undefined) throw new Error('no trees');
        await writeFile(join(one.mountpoint, 'own'), 'one\n');
        expect(await readdir(two.mountpoint)).not.toContain('own');
        expect(await readFile(join(one.upper_dir, 'own'), 'utf8')).toBe('one\n');
        const byJob = (a: AntaresConfig, b: AntaresConfig) => (a.job_id < b.job_id ? -1 : 1);
        const listed = await program.call<AntaresConfig[]>('list');
        expect(listed.sort(byJob)).toEqual(trees.toSorted(byJob));
        // At `<mount root>/<job>`, with a change list that is really there.
        const job = await program.call('mountJob', 'build-1', cl);
        expect(job).toMatchObject({ mountpoint: join(folder, 'mnt/build-1'), cl_id: cl });
        expect(await readFile(join(job.mountpoint, 'project/small/README.md'), 'utf8')).toBe(
          '# changed\n',
        );
        await writeFile(join(places, 'file'), '');
        for (const taken of [places, join(places, 'file'), join(places, 'one')])
          await expect(program.call('mountJobAt', 'x', taken)).rejects.toMatchObject({
            code: 'INVALID_REQUEST',
          });
        await expect(program.call('mountJob', '../x')).rejects.toThrow(/directory's name/);
        await expect(program.call('lockJob', 'none')).rejects.toMatchObject({ code: 'NOT_FOUND' });
        await program.call('lockJob', one.job_id);
        await expect(program.call('umountJob', one.job_id, { purge: true })).rejects.toMatchObject({
          code: 'LOCKED',
        });
        expect(await readFile(join(one.mountpoint, 'own'), 'utf8')).toBe('one\n');
        await program.call('unlockJob', one.job_id);
        expect(await program.call('umountJob', one.job_id, { purge: true })).toEqual(one);
        expect(await readdir(one.mountpoint)).toEqual([]);
        expect(await readdir(join(folder, 'up'))).not.toContain(one.upper_id);
        // Without purging, what was written stays.
        await program.call('umountJob', two.job_id);
        expect(await readdir(join(folder, 'up'))).toContain(two.upper_id);
        expect((await program.call('umountJob', 'nobody')) ?? null).toBeNull();
      } finally {
        for (const dir of [folder, places]) await rm(dir, { recursive: true, force: true });
      }
    },
  );

  root(
    'S-06, D14: what belongs to no record is removed on request, and only what is surely a job’s',
    async () => {
      const folder = await fresh('scorpio-worktree-prune-');
      const at = (...names: string[]) => join(folder, ...names);
      try {
        await using program = await Program.start(folder);
        const live = await program.call('mountJob', 'live');
        const kept = await program.call('mountJob', 'kept');
        await writeFile(join(kept.mountpoint, 'own'), 'kept\n');
        await program.call('umountJob', 'kept');
        const [orphan, point, full] = [randomUUID(), randomUUID(), randomUUID()];
        await mkdir(at('cl', orphan, 'sub'), { recursive: true });
        await mkdir(at('mnt', point));
        await mkdir(at('mnt', full));
        await writeFile(at('mnt', full, 'somebody'), '');
        await mkdir(at('up', 'by-hand'));
        await symlink(folder, at('up', randomUUID()));
        // Too young by default: another daemon may be at it.
        const prune = async (ms: number) => (await program.call<string[]>('prune', ms)).sort();
        expect(await prune(3_600_000)).toEqual([]);
        await new Promise((r) => setTimeout(r, 20));
        const gone = [at('cl', orphan), at('mnt', point), at('up', kept.upper_id)];
        // One of 0.2.x's command line, whose directories have ids of their own.
        const [old, oldUpper, oldCl] = [randomUUID(), randomUUID(), randomUUID()];
        for (const dir of [at('up', oldUpper), at('cl', oldCl), at('mnt', old)]) await mkdir(dir);
        const state = `${await readFile(at('state.toml'), 'utf8')}
[[mounts]]
job_id = "${old}"
mountpoint = "${at('mnt', old)}"
upper_id = "${oldUpper}"
upper_dir = "${at('up', oldUpper)}"
cl_dir = "${at('cl', oldCl)}"
cl_id = "${oldCl}"
`;
        // A file that does not parse stops it.
        await writeFile(at('state.toml'), '[[mounts');
        await expect(program.call('prune', 10)).rejects.toMatchObject({ code: 'STATE_FILE' });
        await writeFile(at('state.toml'), state);
        expect(await prune(10)).toEqual(gone.sort());
        expect(await prune(10)).toEqual([]);
        expect((await readdir(at('up'))).filter((n) => !n.startsWith('.'))).toHaveLength(4);
        expect(await readdir(at('cl'))).toContain(oldCl);
        expect(await readdir(at('up/.work'))).toContain(live.upper_id);
        expect(await readdir(at('mnt', full))).toEqual(['somebody']);
        expect(await readdir(live.mountpoint)).toContain('project');
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    },
  );

  root(
    'W-X1, WT5: over HTTP a locked view cannot be ended, also after a restart, until it is unlocked',
    async () => {
      await using rig = await JobRig.start(upstream.url);
      const { mount_id, mountpoint } = await rig.create(`worktree-${randomUUID()}`);
      const at = `/mounts/${mount_id}`;
      expect(await rig.call('POST', `${at}/lock`)).toMatchObject({
        status: 200,
        body: { mount_id, state: 'Ready', locked: true },
      });
      const refused = {
        status: 409,
        body: { code: 'LOCKED', error: `mount ${mount_id} is locked` },
      };
      expect(await rig.call('DELETE', at)).toEqual(refused);
      await writeFile(join(mountpoint, 'own'), 'own\n');
      await rig.daemon.kill9();
      await rig.restart();
      expect((await rig.call('GET', at)).body).toMatchObject({ state: 'Ready', locked: true });
      expect(await rig.call('DELETE', at)).toEqual(refused);
      expect((await rig.call('DELETE', `${at}/lock`)).body).not.toHaveProperty('locked');
      expect((await rig.call('DELETE', at)).body.state).toBe('Unmounted');
      expect((await rig.call('POST', `${at}/lock`)).status).toBe(404);
      expect(await rig.nothingLeft()).toEqual([]);
    },
  );
});
