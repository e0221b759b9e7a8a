import { randomUUID } from 'node:crypto';
import { chmod, lstat, mkdir, readdir, rename, rm, rmdir } from 'node:fs/promises';
import { dirname, isAbsolute, join, normalize } from 'node:path';
import { detachDeadMounts, readMountTable } from '@scorpiofs/fuse';
import type { Wire } from '@scorpiofs/mega-client';
import { isOid, type RepoPath, type Source } from '@scorpiofs/objects';
import type { Store } from '@scorpiofs/store';
import type { Base } from './base.js';
import { changesOf, type Change } from './changes.js';
import { buildLayer } from './cl/build-layer.js';
import { conflictsOf } from './conflicts.js';
import type { Layers, OverlayEngine, Process } from './engine.js';
import {
  AntaresError,
  fuseError,
  internal,
  invalid,
  messageOf,
  shuttingDown,
  unknownJob,
  unknownMount,
} from './error.js';
import { Events } from './events.js';
import { stateName, statusOf, type Job, type Lifecycle, type MountStatus } from './job.js';
import { isMounted } from './kernel-engine.js';
import { Lane } from './lane.js';
import { linkOf, normalisePath, taskOf, type CreateRequest } from './request.js';
import type { JobRecord } from './state/record.js';
import { StateFile } from './state/state-file.js';
import { Trash } from './trash.js';

export interface AntaresPaths {
  readonly upperRoot: string;
  readonly clRoot: string;
  readonly mountRoot: string;
  readonly stateFile: string;
}

export type AntaresLog = (
  level: 'info' | 'warn' | 'error',
  message: string,
  fields: Readonly<Record<string, string | number>>,
) => void;

export interface AntaresOptions {
  readonly paths: AntaresPaths;
  readonly engine: OverlayEngine;
  readonly base: Base;
  readonly source: Source;
  readonly store: Store;
  readonly wire: Wire;
  /** Whether a delete keeps what the job wrote. Default false. */
  readonly keepUpper?: boolean;
  /** Default 1000. */
  readonly maxMounts?: number;
  /** Milliseconds between the announcement of a change of layers and the unmount. Default 150. */
  readonly quiesceMs?: number;
  /** Other users may enter the mount root. Default false: its mode becomes 0700. */
  readonly allowOther?: boolean;
  readonly log?: AntaresLog;
}

export interface DeleteOptions {
  /** The directories stay, whatever `keepUpper` says. */
  readonly keep?: boolean;
}

export interface ChangeOfLayers {
  /** Processes inside do not stop it; they stay on the old view. */
  readonly force?: boolean | undefined;
}

/** The answer of a forced change: `restart` names who still sees the old view. */
export type ChangedStatus = MountStatus & { readonly restart?: readonly Process[] };

interface Pending {
  readonly path: string;
  readonly cl: string | undefined;
  readonly job: Promise<Job>;
}

/** Views by name: each an overlay of its own upper, a change list or none, and the shared base. */
export class Antares {
  readonly events = new Events();
  readonly #options: AntaresOptions;
  readonly #state: StateFile;
  readonly #trash: Trash;
  readonly #jobs = new Map<string, Job>();
  /** Creates that run, by job id or by path and change list. */
  readonly #pending = new Map<string, Pending>();
  readonly #deleting = new Map<string, Promise<MountStatus>>();
  readonly #running = new Set<Promise<unknown>>();
  readonly #creates = new Lane(16);
  readonly #started = performance.now();
  #closing: Promise<void> | undefined;

  /**
   * Takes over the jobs whose daemon is gone, and brings them back with their ids and edits (D9, D14).
   *
   * @throws AntaresError when the state file cannot be understood: then nothing was touched
   */
  static async open(options: AntaresOptions): Promise<Antares> {
    const antares = new Antares(options);
    await antares.#recover();
    return antares;
  }

  private constructor(options: AntaresOptions) {
    this.#options = options;
    this.#state = new StateFile(options.paths.stateFile);
    this.#trash = new Trash((error) =>
      this.#log('warn', 'removing failed', { reason: messageOf(error) }),
    );
  }

  get uptimeSeconds(): number {
    return Math.floor((performance.now() - this.#started) / 1000);
  }

  get closing(): boolean {
    return this.#closing !== undefined;
  }

  /** `degraded` while a view is in the state Failed (W-68). */
  /** Whether there is no view and none is being made. */
  get idle(): boolean {
    return this.#jobs.size + this.#pending.size === 0;
  }

  get health(): 'healthy' | 'degraded' {
    return [...this.#jobs.values()].some((job) => typeof job.state !== 'string')
      ? 'degraded'
      : 'healthy';
  }

  list(): MountStatus[] {
    return [...this.#jobs.values()].map((job) => this.#status(job));
  }

  /** @throws AntaresError */
  describe(id: string): MountStatus {
    return this.#status(this.#job(id));
  }

  /** @throws AntaresError */
  describeJob(jobId: string): MountStatus {
    return this.#status(this.#byJob(jobId));
  }

  /**
   * Resolves when the view is mounted and its first listing can be served. The same request for the same job, at once or later, is the same view
   * (W-19). Goes on when the caller has gone (W-25).
   *
   * @throws AntaresError
   */
  async create(request: CreateRequest): Promise<MountStatus> {
    this.#refuseWhenClosing();
    const path = normalisePath(request.path);
    const task = taskOf(request);
    const cl = linkOf(request.cl);
    const existing = task === undefined ? undefined : this.#jobOf(task);
    if (existing !== undefined) return this.#status(await this.#again(existing, path, cl));
    const key = task === undefined ? `path ${JSON.stringify([path, cl])}` : `job ${task}`;
    const pending = this.#pending.get(key);
    if (pending !== undefined) {
      if (task === undefined) throw pathTaken(path, cl);
      if (pending.path !== path || pending.cl !== cl) throw otherParameters(task);
      return this.#status(await pending.job);
    }
    if (task === undefined) {
      const taken = [...this.#jobs.values()].some(
        (job) => job.jobId === undefined && job.path === path && job.cl === cl,
      );
      if (taken) throw pathTaken(path, cl);
    }
    this.#refuseWhenFull();
    const job = this.#track(this.#creates.run(() => this.#make(request, path, task, cl)));
    this.#pending.set(key, { path, cl, job });
    try {
      return this.#status(await job);
    } finally {
      this.#pending.delete(key);
    }
  }

  /**
   * Ends a view; its upper goes too, unless it is to be kept. Programs inside do not stop it: they stay on the detached view. An unmount that fails is
   * told by the state, and the view stays.
   *
   * @throws AntaresError
   */
  async delete(id: string, options: DeleteOptions = {}): Promise<MountStatus> {
    this.#refuseWhenClosing();
    // Whoever comes second hears what became of it (one 200, the others 404).
    await this.#deleting.get(id)?.catch(() => undefined);
    const job = this.#job(id);
    this.#refuseInBetween(job, '; retry after switch/unmount completes');
    const work = this.#track(this.#end(job, options.keep ?? false));
    this.#deleting.set(id, work);
    try {
      return await work;
    } finally {
      this.#deleting.delete(id);
    }
  }

  async deleteJob(jobId: string, options: DeleteOptions = {}): Promise<MountStatus> {
    const { mountId } = this.#byJob(jobId);
    try {
      return await this.delete(mountId, options);
    } catch (error) {
      if (error instanceof AntaresError && error.code === 'NOT_FOUND') throw unknownJob(jobId);
      throw error;
    }
  }

  /** Puts a change list below a view's edits, in place of the one that is there. @throws AntaresError */
  async buildCl(
    id: string,
    link: string,
    options: ChangeOfLayers & { readonly clPath?: string | undefined } = {},
  ): Promise<ChangedStatus> {
    this.#refuseWhenClosing();
    const job = this.#job(id);
    const cl = linkOf(link);
    this.#refuseUnlessMounted(job, 'cannot build CL');
    if (cl === undefined) throw invalid('cl link cannot be empty');
    const owner = [...this.#jobs.values()].find(
      (j) => j !== job && j.jobId === undefined && j.path === job.path && j.cl === cl,
    );
    if (job.jobId === undefined && owner !== undefined) throw pathTaken(job.path, cl);
    return await this.#track(
      this.#change(job, options, async () => {
        const aside = await this.#buildAside(job, cl, clPathOf(options.clPath));
        return {
          undo: () => this.#trash.take(aside.directory),
          apply: async () => {
            const { clDir, clPath, clSkipped } = job;
            const old = job.cl;
            const target = join(this.#options.paths.clRoot, job.mountId);
            const kept = clDir === undefined ? undefined : `${clDir}.old-${randomUUID()}`;
            if (clDir !== undefined && kept !== undefined) await renameIfThere(clDir, kept);
            await rename(aside.directory, target);
            Object.assign(job, { cl, clDir: target, clPath: aside.path, clSkipped: aside.skipped });
            return {
              commit: async () => {
                if (kept !== undefined) await this.#trash.take(kept);
              },
              rollback: async () => {
                await this.#trash.take(target);
                if (clDir !== undefined && kept !== undefined) await renameIfThere(kept, clDir);
                Object.assign(job, { cl: old, clDir, clPath, clSkipped });
              },
            };
          },
        };
      }),
    );
  }

  /** Takes the change list away from below a view's edits. @throws AntaresError */
  async clearCl(id: string, options: ChangeOfLayers = {}): Promise<ChangedStatus> {
    this.#refuseWhenClosing();
    const job = this.#job(id);
    this.#refuseUnlessMounted(job, 'cannot clear CL');
    if (job.cl === undefined) throw invalid('mount has no CL layer to clear');
    return await this.#track(
      this.#change(job, options, () =>
        Promise.resolve({
          undo: () => Promise.resolve(),
          apply: () => {
            const { cl, clDir, clPath, clSkipped } = job;
            const none = undefined;
            Object.assign(job, { cl: none, clDir: none, clPath: none, clSkipped: none });
            return Promise.resolve({
              commit: async () => {
                if (clDir !== undefined) await this.#trash.take(clDir);
              },
              rollback: () => {
                Object.assign(job, { cl, clDir, clPath, clSkipped });
                return Promise.resolve();
              },
            });
          },
        }),
      ),
    );
  }

  /**
   * Moves a view to another revision, by default the newest. What the job changed and the new base changed too is a conflict: nothing is moved then.
   *
   * @throws AntaresError
   */
  async refresh(
    id: string,
    options: ChangeOfLayers & { readonly revision?: string | undefined } = {},
  ): Promise<ChangedStatus> {
    this.#refuseWhenClosing();
    const job = this.#job(id);
    this.#refuseUnlessMounted(job, 'cannot refresh');
    const { base, source } = this.#options;
    const revision = options.revision ?? (await base.head()).commit;
    if (!isOid(revision))
      throw invalid('revision is no commit id', 'It has 40 hexadecimal digits.');
    const from = job.revision;
    if (revision === from) return this.#status(job);
    await base.hold(revision, job.path);
    try {
      const changes = await this.changes(id);
      const conflicts = await conflictsOf(source, job.path, from, revision, changes.changes);
      if (conflicts.length > 0)
        throw new AntaresError(
          'CONFLICT',
          `${conflicts.length} changed paths were changed by revision ${revision} too`,
          'Nothing was moved. Undo or save those edits, then ask again.',
          { conflicts },
        );
      const changed = await this.#track(
        this.#change(job, options, () =>
          Promise.resolve({
            undo: () => Promise.resolve(),
            apply: () => {
              job.revision = revision;
              return Promise.resolve({
                commit: () => Promise.resolve(),
                rollback: () => {
                  job.revision = from;
                  return Promise.resolve();
                },
              });
            },
          }),
        ),
      );
      await base.release(from);
      return changed;
    } catch (error) {
      await base.release(revision);
      throw error;
    }
  }

  /** What a job changed, from its upper alone. @throws AntaresError */
  async changes(id: string): Promise<{ mount_id: string; generation: number; changes: Change[] }> {
    const job = this.#job(id);
    const { base } = this.#options;
    const { revision, path } = job;
    const below = { base, revision, path, cl: job.cl === undefined ? undefined : job.clDir };
    const changes = await changesOf(job.upperDir, below);
    return { mount_id: job.mountId, generation: job.generation, changes };
  }

  /** Ends all views, keeps their records and directories, and lets what runs end first (W-26). */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  // ---- creating

  async #make(
    request: CreateRequest,
    path: string,
    task: string | undefined,
    cl: string | undefined,
  ): Promise<Job> {
    const { paths, base, engine } = this.#options;
    const id = randomUUID();
    const given = request.mountpoint ?? undefined;
    const mountpoint = given === undefined ? join(paths.mountRoot, id) : await this.#checked(given);
    const { commit } = await base.head();
    const now = Date.now();
    const job: Job = {
      mountId: id,
      jobId: task,
      path,
      cl: undefined,
      clDir: undefined,
      clPath: undefined,
      clSkipped: undefined,
      mountpoint,
      upperDir: join(paths.upperRoot, id),
      createdMs: now,
      lastSeenMs: now,
      revision: commit,
      state: 'Provisioning',
      generation: 1,
      held: true,
    };
    await base.hold(commit, path);
    try {
      if (cl !== undefined) {
        const aside = await this.#buildAside(job, cl, clPathOf(request.cl_path));
        const clDir = join(paths.clRoot, id);
        await rename(aside.directory, clDir);
        Object.assign(job, { cl, clDir, clPath: aside.path, clSkipped: aside.skipped });
      }
      await mkdir(job.upperDir, { recursive: true, mode: 0o755 });
      await this.#makeMountpoint(mountpoint);
      await engine.mount(this.#layers(job));
      this.#refuseWhenClosing();
      this.#jobs.set(id, job);
      this.#setState(job, 'Mounted');
      await this.#save();
      this.#setState(job, 'Ready');
      this.#log('info', 'view mounted', { mount_id: id, mountpoint, revision: commit });
      return job;
    } catch (error) {
      this.#jobs.delete(id);
      await this.#undoCreate(job, dirname(mountpoint) === paths.mountRoot);
      throw asAntares(error);
    }
  }

  /** A failed create leaves nothing (A-24, W-20). */
  async #undoCreate(job: Job, ownMountpoint: boolean): Promise<void> {
    const { engine, base } = this.#options;
    try {
      await engine.unmount(job.mountpoint, true);
      if (ownMountpoint) await rmdirIfThere(job.mountpoint);
      await this.#removeDirectories(job);
      await this.#save();
    } catch (error) {
      this.#log('error', 'a failed create could not be cleared away', {
        mount_id: job.mountId,
        reason: messageOf(error),
      });
    }
    await base.release(job.revision);
  }

  /** The same job again: the view that is there, mounted again where somebody took the mount away behind our back. */
  async #again(job: Job, path: string, cl: string | undefined): Promise<Job> {
    const task = job.jobId ?? '';
    if (job.path !== path || job.cl !== cl) throw otherParameters(task);
    if (job.state !== 'Ready' && job.state !== 'Mounted')
      throw invalid(
        `job_id/build_id '${task}' is currently in state ${stateName(job.state)}; retry after unmount completes`,
      );
    job.lastSeenMs = Date.now();
    if (await isMounted(job.mountpoint)) return job;
    await this.#makeMountpoint(job.mountpoint);
    await this.#options.engine.mount(this.#layers(job));
    job.generation += 1;
    this.#log('warn', 'the view had been unmounted by somebody else; mounted again', {
      mount_id: job.mountId,
    });
    return job;
  }

  async #checked(mountpoint: string): Promise<string> {
    const { paths } = this.#options;
    if (
      !isAbsolute(mountpoint) ||
      normalize(mountpoint) !== mountpoint ||
      mountpoint.includes('\0')
    )
      throw invalid('mountpoint must be an absolute, normalised path');
    const inside = (a: string, b: string) => a === b || a.startsWith(`${b}/`);
    const ours = [
      paths.upperRoot,
      paths.clRoot,
      dirname(paths.stateFile),
      ...[...this.#jobs.values()].map((j) => j.mountpoint),
    ];
    const allowed = inside(mountpoint, paths.mountRoot) && mountpoint !== paths.mountRoot;
    for (const place of ours)
      if (inside(place, mountpoint) || (inside(mountpoint, place) && !allowed))
        throw invalid(
          `mountpoint ${mountpoint} and ${place} lie inside each other`,
          'Name an empty directory elsewhere.',
        );
    await detachDeadMounts(mountpoint);
    if ((await readMountTable()).some((e) => e.mountpoint === mountpoint))
      throw invalid(`mountpoint ${mountpoint} is a mount point already`, 'Unmount it first.');
    const names = await readdir(mountpoint).catch((error: NodeJS.ErrnoException) => {
      // Below the mount root it is made when the time comes.
      if (allowed && error.code === 'ENOENT') return [];
      throw invalid(
        `mountpoint is not empty or is inaccessible: ${messageOf(error)}`,
        'Name an empty directory.',
      );
    });
    if (names.length > 0)
      throw invalid(
        `mountpoint is not empty or is inaccessible: ${mountpoint}`,
        'Name an empty directory.',
      );
    return mountpoint;
  }

  async #makeMountpoint(mountpoint: string): Promise<void> {
    const { paths, allowOther = false } = this.#options;
    await mkdir(paths.mountRoot, { recursive: true, mode: 0o700 });
    if (!allowOther && dirname(mountpoint) === paths.mountRoot) await chmod(paths.mountRoot, 0o700);
    await mkdir(mountpoint, { recursive: true, mode: 0o755 });
  }

  // ---- ending

  async #end(job: Job, keep: boolean): Promise<MountStatus> {
    const { engine, base, paths, keepUpper = false } = this.#options;
    this.#setState(job, 'Unmounting');
    job.lastSeenMs = Date.now();
    let inside: readonly Process[] = [];
    try {
      const result = await engine.unmount(job.mountpoint, true);
      if (result.gone) inside = result.detachedFrom;
    } catch (error) {
      const message = messageOf(error);
      const reason = message.startsWith('unmount failed: ')
        ? message
        : `unmount failed: ${message}`;
      this.#setState(job, { Failed: { reason } });
      this.#log('error', 'a view could not be unmounted', { mount_id: job.mountId, reason });
      return this.#status(job);
    }
    this.#jobs.delete(job.mountId);
    this.#setState(job, 'Unmounted');
    await this.#save().catch((error: unknown) =>
      this.#log('error', 'the state file could not be written', { reason: messageOf(error) }),
    );
    // Only directories that were made here go; a mount point that a caller named is the caller's.
    if (dirname(job.mountpoint) === paths.mountRoot) await rmdirIfThere(job.mountpoint);
    if (!keep && !keepUpper) await this.#removeDirectories(job, goneOf(inside));
    if (job.held) await base.release(job.revision);
    this.#log('info', 'view ended', { mount_id: job.mountId, kept: String(keep || keepUpper) });
    return this.#status(job);
  }

  /** Aside at once; removed when the processes on the old view have ended. */
  async #removeDirectories(job: Job, when?: Promise<unknown>): Promise<void> {
    const directories = [
      job.upperDir,
      this.#workOf(job),
      ...(job.clDir === undefined ? [] : [job.clDir]),
    ];
    for (const directory of directories)
      await this.#trash
        .take(directory, when)
        .catch((error: unknown) =>
          this.#log('warn', 'removing failed', { directory, reason: messageOf(error) }),
        );
  }

  async #close(): Promise<void> {
    await Promise.allSettled([...this.#pending.values()].map((p) => p.job));
    await Promise.allSettled(this.#running);
    const jobs = [...this.#jobs.values()];
    const lane = new Lane(4);
    await Promise.all(
      jobs.map((job) =>
        lane.run(async () => {
          try {
            await this.#options.engine.unmount(job.mountpoint, true);
            if (dirname(job.mountpoint) === this.#options.paths.mountRoot)
              await rmdirIfThere(job.mountpoint);
          } catch (error) {
            this.#log('error', 'a view could not be unmounted', {
              mount_id: job.mountId,
              reason: messageOf(error),
            });
          }
        }),
      ),
    );
    // An empty daemon writes no file: there is nothing to remember.
    if (jobs.length > 0) await this.#state.save(jobs.map(recordOf), true);
    this.events.end();
  }

  // ---- changing layers

  /**
   * The old view stays until the new layers are there; then, with nobody inside, unmount and mount. Whatever fails brings the old view back in the state
   * Ready (W-22, W-23).
   */
  async #change(
    job: Job,
    options: ChangeOfLayers,
    prepare: () => Promise<Prepared>,
  ): Promise<ChangedStatus> {
    const { engine, quiesceMs = 150 } = this.#options;
    this.#setState(job, 'Quiescing');
    job.lastSeenMs = Date.now();
    let prepared: Prepared | undefined;
    let inside: readonly Process[] = [];
    try {
      prepared = await prepare();
      await new Promise((resolve) => setTimeout(resolve, quiesceMs));
      const result = await engine.unmount(job.mountpoint, options.force ?? false);
      if (!result.gone) throw busy(job, result.inside);
      inside = result.detachedFrom;
    } catch (error) {
      await prepared?.undo();
      if (await isMounted(job.mountpoint)) this.#setState(job, 'Ready');
      else await this.#comeBack(job, 'remount after CL failure');
      throw asAntares(error);
    }
    let applied: Applied | undefined;
    try {
      applied = await prepared.apply();
      await this.#mountAgain(job);
    } catch (error) {
      await applied?.rollback();
      await this.#comeBack(job, 'remount after CL failure');
      throw asAntares(error);
    }
    this.#setState(job, 'Ready');
    await this.#save();
    await applied.commit();
    const status = this.#status(job);
    return inside.length === 0 ? status : { ...status, restart: inside };
  }

  async #mountAgain(job: Job): Promise<void> {
    await this.#makeMountpoint(job.mountpoint);
    await this.#options.engine.mount(this.#layers(job));
    job.generation += 1;
  }

  async #comeBack(job: Job, what: string): Promise<void> {
    try {
      await this.#mountAgain(job);
      this.#setState(job, 'Ready');
    } catch (error) {
      this.#setState(job, { Failed: { reason: `${what}: ${messageOf(error)}` } });
    }
  }

  async #buildAside(
    job: Job,
    link: string,
    given: RepoPath | undefined,
  ): Promise<{ directory: string; path: RepoPath | undefined; skipped: number }> {
    const { paths, base, wire, source, store } = this.#options;
    const directory = join(paths.clRoot, '.new', `${job.mountId}.${randomUUID()}`);
    await mkdir(dirname(directory), { recursive: true, mode: 0o700 });
    try {
      const layer = await buildLayer(
        { wire, source, store },
        {
          link,
          directory: given,
          view: Buffer.from(job.path).toString('latin1'),
          target: directory,
          baseKind: (path) => base.kind(job.revision, path),
        },
      );
      return { directory, path: layer.directory, skipped: layer.skipped };
    } catch (error) {
      await rm(directory, { recursive: true, force: true });
      if (error instanceof AntaresError) throw error;
      throw internal(
        `the CL layer could not be built: ${messageOf(error)}`,
        'See whether antares_cl_root has room and can be written.',
        error,
      );
    }
  }

  // ---- recovery

  async #recover(): Promise<void> {
    const { paths } = this.#options;
    const records = await this.#state.adopt();
    await Promise.all([this.#trash.empty(paths.upperRoot), this.#trash.empty(paths.clRoot)]);
    await this.#trash.empty(join(paths.upperRoot, '.work'));
    const lane = new Lane(4);
    await Promise.all(records.map((record) => lane.run(() => this.#bringBack(record))));
    if (records.length > 0) await this.#save();
  }

  async #bringBack(record: JobRecord): Promise<void> {
    const { base, engine } = this.#options;
    const { mountId, mountpoint } = record;
    const fields = { mount_id: mountId, mountpoint };
    // A view of the daemon that died is an overlay over a dead base; it must go before anything touches its path.
    await detachLeftOver(mountpoint, engine);
    if ((await lstat(record.upperDir).catch(() => undefined)) === undefined) {
      this.#log('warn', 'the upper of a job is gone: its record is dropped', fields);
      return;
    }
    const job: Job = {
      ...record,
      cl: record.cl,
      clDir: record.clDir,
      revision: record.revision ?? '',
      clSkipped: undefined,
      state: 'Provisioning',
      lastSeenMs: Date.now(),
      generation: 1,
      held: false,
    };
    this.#jobs.set(mountId, job);
    try {
      if (job.revision === '') job.revision = (await base.head()).commit;
      await base.hold(job.revision, job.path);
      job.held = true;
      if (job.clDir !== undefined && (await lstat(job.clDir).catch(() => undefined)) === undefined)
        throw fuseError(`the CL directory ${job.clDir} is gone`, 'Delete the mount.');
      await this.#mountAgain(job);
      this.#setState(job, 'Ready');
      this.#log('info', 'view brought back', fields);
    } catch (error) {
      this.#setState(job, { Failed: { reason: `recovery failed: ${messageOf(error)}` } });
      this.#log('error', 'a view could not be brought back', {
        ...fields,
        reason: messageOf(error),
      });
    }
  }

  // ---- small things

  #layers(job: Job): Layers {
    return {
      mountpoint: job.mountpoint,
      upper: job.upperDir,
      work: this.#workOf(job),
      cl: job.clDir,
      base: this.#options.base.directoryOf(job.revision, job.path),
    };
  }

  #workOf(job: Job): string {
    return join(dirname(job.upperDir), '.work', job.mountId);
  }

  async #save(): Promise<void> {
    try {
      await this.#state.save([...this.#jobs.values()].map(recordOf));
    } catch (error) {
      if (error instanceof AntaresError) throw error;
      throw internal(
        `the state file could not be written: ${messageOf(error)}`,
        'See whether its directory can be written and has room.',
        error,
      );
    }
  }

  #setState(job: Job, state: Lifecycle): void {
    job.state = state;
    if (state === 'Ready') job.lastSeenMs = Date.now();
    this.events.tell(this.#status(job));
  }

  #status(job: Job): MountStatus {
    return statusOf(job, this.#options.engine.name);
  }

  #job(id: string): Job {
    const job = this.#jobs.get(id);
    if (job === undefined) throw unknownMount(id);
    return job;
  }

  #jobOf(task: string): Job | undefined {
    return [...this.#jobs.values()].find((job) => job.jobId === task);
  }

  #byJob(task: string): Job {
    const job = this.#jobOf(task);
    if (job === undefined) throw unknownJob(task);
    return job;
  }

  #refuseInBetween(job: Job, words: string): void {
    if (job.state === 'Quiescing' || job.state === 'Unmounting')
      throw invalid(`mount ${job.mountId} is currently in state ${job.state}${words}`);
  }

  #refuseUnlessMounted(job: Job, words: string): void {
    if (job.state !== 'Ready' && job.state !== 'Mounted')
      throw invalid(`mount ${job.mountId} is currently in state ${stateName(job.state)}; ${words}`);
  }

  #refuseWhenClosing(): void {
    if (this.#closing !== undefined) throw shuttingDown();
  }

  #refuseWhenFull(): void {
    const { maxMounts = 1000 } = this.#options;
    if (this.#jobs.size + this.#pending.size < maxMounts) return;
    throw new AntaresError(
      'TOO_MANY_MOUNTS',
      `there are ${maxMounts} mounts already`,
      'Delete some, or raise antares_max_mounts.',
    );
  }

  #track<T>(work: Promise<T>): Promise<T> {
    this.#running.add(work);
    void work.then(
      () => this.#running.delete(work),
      () => this.#running.delete(work),
    );
    return work;
  }

  #log(
    level: 'info' | 'warn' | 'error',
    message: string,
    fields: Record<string, string | number>,
  ): void {
    this.#options.log?.(level, message, fields);
  }
}

interface Applied {
  commit(): Promise<void>;
  rollback(): Promise<void>;
}

interface Prepared {
  /** Makes the new layers the job's, while nothing is mounted. */
  apply(): Promise<Applied>;
  undo(): Promise<void>;
}

function recordOf(job: Job): Omit<JobRecord, 'owner'> {
  const { mountId, jobId, path, cl, mountpoint, upperDir, clDir, createdMs, revision, clPath } =
    job;
  return { mountId, jobId, path, cl, mountpoint, upperDir, clDir, createdMs, revision, clPath };
}

function asAntares(error: unknown): AntaresError {
  if (error instanceof AntaresError) return error;
  return fuseError(
    `the view could not be mounted: ${messageOf(error)}`,
    'See the log of the daemon; `scorpio doctor` checks what mounting needs.',
    error,
  );
}

function pathTaken(path: string, cl: string | undefined): AntaresError {
  const shown = cl === undefined ? 'None' : `Some(${JSON.stringify(cl)})`;
  return invalid(
    `path ${path} with cl ${shown} is already mounted`,
    'Give each view a job_id, then they may have the same path.',
  );
}

function otherParameters(task: string): AntaresError {
  return invalid(
    `job_id/build_id '${task}' already mounted with different path/cl`,
    'Delete that mount first, or use another id.',
  );
}

function busy(job: Job, inside: readonly Process[]): AntaresError {
  const names = inside.map(({ pid, name }) => `${name} (${pid})`).join(', ');
  return new AntaresError(
    'BUSY',
    `mount ${job.mountId} is in use by ${names === '' ? 'processes that cannot be seen from here' : names}`,
    'End them, or repeat the request with "force": true; they then stay on the old view until they are restarted.',
    { processes: inside },
  );
}

function clPathOf(given: string | null | undefined): RepoPath | undefined {
  return given === null || given === undefined
    ? undefined
    : Buffer.from(normalisePath(given)).toString('latin1');
}

async function renameIfThere(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

async function rmdirIfThere(directory: string): Promise<void> {
  // A client may have removed it, or put something there, after the unmount.
  await rmdir(directory).catch(() => undefined);
}

/** Only what is ours: an overlay of this program, or a dead FUSE mount. */
async function detachLeftOver(mountpoint: string, engine: OverlayEngine): Promise<void> {
  const found = (await readMountTable()).findLast((e) => e.mountpoint === mountpoint);
  if (found === undefined) return;
  if (found.type === 'overlay' && found.source === 'antares')
    await engine.unmount(mountpoint, true);
  else await detachDeadMounts(mountpoint);
}

/** Resolves when these processes have ended; at most ten minutes. */
async function goneOf(processes: readonly Process[]): Promise<void> {
  const end = Date.now() + 600_000;
  const alive = processes.map(({ pid }) => pid).filter((pid) => isThere(pid));
  while (alive.some((pid) => isThere(pid)) && Date.now() < end)
    await new Promise((resolve) => setTimeout(resolve, 500).unref());
}

function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
