import type { Change } from './changes.js';
import { contextOf, type Context } from './context.js';
import type { Events } from './events.js';
import type { MountStatus } from './job.js';
import { buildCl } from './operations/build-cl.js';
import { clearCl } from './operations/clear-cl.js';
import { close } from './operations/close.js';
import { create } from './operations/create.js';
import { end, endByTask } from './operations/end.js';
import { changesOfJob } from './operations/job-changes.js';
import { setLocked } from './operations/lock.js';
import { tellLosses } from './operations/losses.js';
import { prune } from './operations/prune.js';
import { recover } from './operations/recover.js';
import { refresh } from './operations/refresh.js';
import type {
  AntaresOptions,
  BuildClOptions,
  ChangedStatus,
  ChangeOfLayers,
  DeleteOptions,
  PruneOptions,
  RefreshOptions,
} from './options.js';
import type { Orphan } from './orphans.js';
import type { CreateRequest } from './request.js';

/** Views by name: each an overlay of its own upper, a change list or none, and the shared base. One operation per file in `operations/`. */
export class Antares {
  readonly #context: Context;
  readonly #started = performance.now();

  /**
   * Takes over the jobs whose daemon is gone, and brings them back with their ids and edits (D9, D14).
   *
   * @throws AntaresError when the state file cannot be understood: then nothing was touched
   */
  static async open(options: AntaresOptions): Promise<Antares> {
    const antares = new Antares(contextOf(options));
    tellLosses(antares.#context);
    await recover(antares.#context);
    return antares;
  }

  private constructor(context: Context) {
    this.#context = context;
  }

  get events(): Events {
    return this.#context.jobs.events;
  }

  get uptimeSeconds(): number {
    return Math.floor((performance.now() - this.#started) / 1000);
  }

  get closing(): boolean {
    return this.#context.running.closing;
  }

  /** Whether there is no view and none is being made. */
  get idle(): boolean {
    return this.#context.jobs.size === 0;
  }

  /** `degraded` while a view is in the state Failed (W-68). */
  get health(): 'healthy' | 'degraded' {
    const failed = this.#context.jobs.all().some((job) => typeof job.state !== 'string');
    return failed ? 'degraded' : 'healthy';
  }

  list(): MountStatus[] {
    const { jobs } = this.#context;
    return jobs.all().map((job) => jobs.status(job));
  }

  /** @throws AntaresError */
  describe(id: string): MountStatus {
    const { jobs } = this.#context;
    return jobs.status(jobs.get(id));
  }

  /** @throws AntaresError */
  describeJob(jobId: string): MountStatus {
    const { jobs } = this.#context;
    return jobs.status(jobs.getByTask(jobId));
  }

  /**
   * Resolves when the view is mounted and its first listing can be served. The same request for the same job, at once or later, is the same view.
   *
   * @throws AntaresError
   */
  async create(request: CreateRequest): Promise<MountStatus> {
    return await create(this.#context, request);
  }

  /**
   * Ends a view; its upper goes too, unless it is to be kept. Programs inside do not stop it: they stay on the detached view. An unmount that fails is
   * told by the state, and the view stays.
   *
   * @throws AntaresError
   */
  async delete(id: string, options: DeleteOptions = {}): Promise<MountStatus> {
    return await end(this.#context, id, options);
  }

  async deleteJob(jobId: string, options: DeleteOptions = {}): Promise<MountStatus> {
    return await endByTask(this.#context, jobId, options);
  }

  /** A locked view cannot be ended until it is unlocked (WT5). @throws AntaresError */
  async lock(id: string): Promise<MountStatus> {
    return await setLocked(this.#context, id, true);
  }

  async unlock(id: string): Promise<MountStatus> {
    return await setLocked(this.#context, id, false);
  }

  /** Puts a change list below a view's edits, in place of the one that is there. @throws AntaresError */
  async buildCl(id: string, link: string, options: BuildClOptions = {}): Promise<ChangedStatus> {
    return await buildCl(this.#context, id, link, options);
  }

  /** Takes the change list away from below a view's edits. @throws AntaresError */
  async clearCl(id: string, options: ChangeOfLayers = {}): Promise<ChangedStatus> {
    return await clearCl(this.#context, id, options);
  }

  /**
   * Moves a view to another revision, by default the newest. What the job changed and the new base changed too is a conflict: nothing is moved then.
   *
   * @throws AntaresError
   */
  async refresh(id: string, options: RefreshOptions = {}): Promise<ChangedStatus> {
    return await refresh(this.#context, id, options);
  }

  /** What a job changed, from its upper alone. @throws AntaresError */
  async changes(id: string): Promise<{ mount_id: string; generation: number; changes: Change[] }> {
    const job = this.#context.jobs.get(id);
    const changes = await changesOfJob(this.#context, job);
    return { mount_id: job.mountId, generation: job.generation, changes };
  }

  /**
   * Removes directories in the roots that belong to no job, and says which; never done unasked (D14). What was kept of ended jobs goes too.
   *
   * @throws AntaresError when the state file cannot be understood: then nothing was touched
   */
  async prune(options: PruneOptions = {}): Promise<Orphan[]> {
    const { running } = this.#context;
    return await running.track(prune(this.#context, options));
  }

  /** Ends all views, keeps their records and directories, and lets what runs end first (W-26). */
  close(): Promise<void> {
    return this.#context.running.close(() => close(this.#context));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
