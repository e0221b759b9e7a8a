import type { Context } from '../context.js';
import { invalid } from '../error.js';
import type { Job } from '../job.js';
import type { ChangedStatus, ChangeOfLayers } from '../options.js';
import { refuseUnlessMounted } from '../refusals.js';
import { changeLayers, type Applied } from './change-layers.js';

/** Takes the change list away from below a view's edits. */
export async function clearCl(
  context: Context,
  id: string,
  options: ChangeOfLayers,
): Promise<ChangedStatus> {
  const { jobs, running } = context;
  running.refuseWhenClosing();
  const job = jobs.get(id);
  refuseUnlessMounted(job, 'cannot clear CL');
  if (job.cl === undefined) throw invalid('mount has no CL layer to clear');
  return await changeLayers(context, job, options, () =>
    Promise.resolve({ apply: () => Promise.resolve(clear(context, job)) }),
  );
}

function clear({ trash }: Context, job: Job): Applied {
  const { cl, clDir, clPath, clSkipped } = job;
  const none = undefined;
  Object.assign(job, { cl: none, clDir: none, clPath: none, clSkipped: none });
  return {
    commit: async (free) => {
      if (clDir !== undefined) await trash.take(clDir, free);
    },
    rollback: () => {
      Object.assign(job, { cl, clDir, clPath, clSkipped });
    },
  };
}
