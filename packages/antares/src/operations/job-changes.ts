import { changesOf, type Change } from '../changes.js';
import type { Context } from '../context.js';
import type { Job } from '../job.js';

/** What a job changed, from its upper alone. */
export async function changesOfJob({ base }: Context, job: Job): Promise<Change[]> {
  const { revision, path } = job;
  const cl = job.cl === undefined ? undefined : job.clDir;
  return await changesOf(job.upperDir, { base, revision, path, cl });
}
