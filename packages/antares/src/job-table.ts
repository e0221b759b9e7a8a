import type { Owner } from './below/base-layer.js';
import { AntaresError, internal, messageOf, unknownJob, unknownMount } from './error.js';
import { Events } from './events.js';
import { recordOf, statusOf, type Job, type Lifecycle, type MountStatus } from './job.js';
import type { StateFile } from './state/state-file.js';

/** A create that runs. */
export interface Pending {
  readonly path: string;
  readonly cl: string | undefined;
  readonly owner: Owner | undefined;
  readonly job: Promise<Job>;
}

/** The one owner of the jobs: which there are, what state they are in, and what the state file says of them. */
export class JobTable {
  readonly events = new Events();
  /** Creates that run, by job id or by path and change list. They count, but nobody sees them. */
  readonly pending = new Map<string, Pending>();
  readonly #jobs = new Map<string, Job>();

  constructor(
    readonly file: StateFile,
    readonly engine: MountStatus['engine'],
  ) {}

  /** With those that are being made. */
  get size(): number {
    return this.#jobs.size + this.pending.size;
  }

  all(): Job[] {
    return [...this.#jobs.values()];
  }

  /** @throws AntaresError */
  get(mountId: string): Job {
    const job = this.#jobs.get(mountId);
    if (job === undefined) throw unknownMount(mountId);
    return job;
  }

  ofTask(task: string): Job | undefined {
    return this.all().find((job) => job.jobId === task);
  }

  /** @throws AntaresError */
  getByTask(task: string): Job {
    const job = this.ofTask(task);
    if (job === undefined) throw unknownJob(task);
    return job;
  }

  /** The view without a job id that has this path and change list: there is at most one. */
  unnamed(path: string, cl: string | undefined): Job | undefined {
    return this.all().find((job) => job.jobId === undefined && job.path === path && job.cl === cl);
  }

  add(job: Job): void {
    this.#jobs.set(job.mountId, job);
  }

  drop(job: Job): void {
    this.#jobs.delete(job.mountId);
  }

  status(job: Job): MountStatus {
    return statusOf(job, this.engine);
  }

  /** Told to whoever listens. */
  setState(job: Job, state: Lifecycle): void {
    job.state = state;
    if (state === 'Ready') job.lastSeenMs = Date.now();
    this.events.tell(this.status(job));
  }

  /** @throws AntaresError */
  async save(): Promise<void> {
    try {
      await this.file.save(this.all().map(recordOf));
    } catch (error) {
      if (error instanceof AntaresError) throw error;
      throw internal(
        `the state file could not be written: ${messageOf(error)}`,
        'See whether its directory can be written and has room.',
        error,
      );
    }
  }

  /** Gives the records up, for the next start. An empty table writes no file: there is nothing to remember. */
  async leave(): Promise<void> {
    if (this.#jobs.size > 0) await this.file.save(this.all().map(recordOf), true);
    this.events.end();
  }
}
