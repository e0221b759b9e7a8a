import { join } from 'node:path';
import type { Antares } from './antares.js';
import { AntaresError, invalid } from './error.js';
import type { MountStatus } from './job.js';
import type { CreateRequest } from './request.js';

/** What other programs know a job by (spec 2.10). */
export interface AntaresConfig {
  readonly job_id: string;
  readonly mountpoint: string;
  readonly upper_id: string;
  readonly upper_dir: string;
  readonly cl_dir?: string;
  readonly cl_id?: string;
}

export interface UmountOptions {
  /** What the job wrote goes too. Default false. */
  readonly purge?: boolean;
}

/**
 * The verbs of 0.2.x's library over one `Antares`: views of the whole monorepo by job id, at a directory named after the job or at any empty one. A change
 * list that is named is really put below (W-09).
 */
export class AntaresManager {
  constructor(
    readonly antares: Antares,
    /** Views without a place of their own are mounted at `<mount root>/<job id>`. */
    readonly mountRoot: string,
  ) {}

  /** @throws AntaresError */
  async mountJob(job: string, cl?: string): Promise<AntaresConfig> {
    return await this.mountJobAt(job, join(this.mountRoot, directoryName(job)), cl);
  }

  /** At an empty directory of the caller's. @throws AntaresError */
  async mountJobAt(job: string, mountpoint: string, cl?: string): Promise<AntaresConfig> {
    const request: CreateRequest = { path: '/', job_id: job, cl, mountpoint };
    return configOf(await this.antares.create(request));
  }

  /** What was ended; undefined where there is no such job. @throws AntaresError LOCKED, or when it is still mounted (W-67) */
  async umountJob(job: string, options: UmountOptions = {}): Promise<AntaresConfig | undefined> {
    let ended: MountStatus;
    try {
      ended = await this.antares.deleteJob(job, { keep: options.purge !== true });
    } catch (error) {
      if (error instanceof AntaresError && error.code === 'NOT_FOUND') return undefined;
      throw error;
    }
    const { state } = ended;
    if (typeof state === 'object')
      throw new AntaresError(
        'FUSE_ERROR',
        state.Failed.reason,
        'Try it again, or unmount by hand.',
      );
    return configOf(ended);
  }

  /** @throws AntaresError */
  async lockJob(job: string): Promise<AntaresConfig> {
    return configOf(await this.antares.lock(this.antares.describeJob(job).mount_id));
  }

  /** @throws AntaresError */
  async unlockJob(job: string): Promise<AntaresConfig> {
    return configOf(await this.antares.unlock(this.antares.describeJob(job).mount_id));
  }

  /** Jobs with an id; how each stands is told by `antares.describeJob`. */
  list(): AntaresConfig[] {
    return this.antares
      .list()
      .filter(({ job_id }) => job_id !== null)
      .map(configOf);
  }
}

/** W-66: a job id that becomes a directory's name must be one. */
function directoryName(job: string): string {
  const bad = job.includes('/') || job.startsWith('.') || job.trim() !== job || job === '';
  if (bad || Buffer.byteLength(job) > 255)
    throw invalid(
      `the job id ${JSON.stringify(job.slice(0, 80))} cannot be a directory's name`,
      'Use letters, digits, - and _; no slash, no dot in front.',
    );
  return job;
}

function configOf(status: MountStatus): AntaresConfig {
  const { job_id, mountpoint, mount_id, layers, cl } = status;
  return {
    job_id: job_id ?? '',
    mountpoint,
    upper_id: mount_id,
    upper_dir: layers.upper,
    ...(layers.cl !== null && { cl_dir: layers.cl }),
    ...(cl !== null && { cl_id: cl }),
  };
}
