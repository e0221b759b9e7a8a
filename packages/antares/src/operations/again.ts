import type { Context } from '../context.js';
import { invalid } from '../error.js';
import { stateName, type Job } from '../job.js';
import { otherParameters } from '../refusals.js';
import { mountAgain } from '../view-mount.js';
import { isMounted } from '../take-out.js';

/** The same job again: the view that is there, mounted again where somebody took the mount away behind our back. */
export async function again(
  context: Context,
  job: Job,
  path: string,
  cl: string | undefined,
): Promise<Job> {
  const task = job.jobId ?? '';
  if (job.path !== path || job.cl !== cl) throw otherParameters(task);
  if (job.state !== 'Ready' && job.state !== 'Mounted')
    throw invalid(
      `job_id/build_id '${task}' is currently in state ${stateName(job.state)}; retry after unmount completes`,
    );
  job.lastSeenMs = Date.now();
  if (await isMounted(job.mountpoint)) return job;
  await mountAgain(context, job);
  context.log('warn', 'the view had been unmounted by somebody else; mounted again', {
    mount_id: job.mountId,
  });
  return job;
}
