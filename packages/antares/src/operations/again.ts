import type { Owner } from '../below/base-layer.js';
import type { Context } from '../context.js';
import { invalid } from '../error.js';
import { stateName, type Job } from '../job.js';
import { otherParameters } from '../refusals.js';
import { mountAgain } from '../view-mount.js';
import { isMounted } from '../take-out.js';

interface SameView {
  readonly path: string;
  readonly cl: string | undefined;
}

/** Whether a view is what another request for its job asks for. */
export function isSameView(
  one: SameView & { readonly uid?: number | undefined; readonly gid?: number | undefined },
  wanted: SameView & { readonly owner: Owner | undefined },
): boolean {
  const { path, cl, owner } = wanted;
  return one.path === path && one.cl === cl && one.uid === owner?.uid && one.gid === owner?.gid;
}

/** The same job again: the view that is there, mounted again where somebody took the mount away behind our back. */
export async function again(
  context: Context,
  job: Job,
  wanted: SameView & { readonly owner: Owner | undefined },
): Promise<Job> {
  const task = job.jobId ?? '';
  if (!isSameView(job, wanted)) throw otherParameters(task);
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
