import { isOid } from '@scorpiofs/objects';
import { conflictsOf } from '../conflicts.js';
import type { Context } from '../context.js';
import { AntaresError, invalid } from '../error.js';
import type { Job } from '../job.js';
import type { ChangedStatus, RefreshOptions } from '../options.js';
import { refuseUnlessMounted } from '../refusals.js';
import { changeLayers, type Applied } from './change-layers.js';
import { changesOfJob } from './job-changes.js';

/** Moves a view to another revision. What the job changed and the new base changed too is a conflict: nothing is moved then. */
export async function refresh(
  context: Context,
  id: string,
  options: RefreshOptions,
): Promise<ChangedStatus> {
  const { jobs, running, base } = context;
  running.refuseWhenClosing();
  const job = jobs.get(id);
  refuseUnlessMounted(job, 'cannot refresh');
  const revision = options.revision ?? (await base.head()).commit;
  if (!isOid(revision)) throw invalid('revision is no commit id', 'It has 40 hexadecimal digits.');
  if (revision === job.revision) return jobs.status(job);
  await base.hold(revision, job.path);
  try {
    await refuseConflicts(context, job, revision);
    return await changeLayers(context, job, options, () =>
      Promise.resolve({ apply: () => Promise.resolve(move(context, job, revision)) }),
    );
  } catch (error) {
    await base.release(revision);
    throw error;
  }
}

async function refuseConflicts(context: Context, job: Job, revision: string): Promise<void> {
  const changes = await changesOfJob(context, job);
  const { source } = context;
  const conflicts = await conflictsOf(source, job.path, job.revision, revision, changes);
  if (conflicts.length === 0) return;
  throw new AntaresError(
    'CONFLICT',
    `${conflicts.length} changed paths were changed by revision ${revision} too`,
    'Nothing was moved. Undo or save those edits, then ask again.',
    { conflicts },
  );
}

function move({ base }: Context, job: Job, revision: string): Applied {
  const from = job.revision;
  job.revision = revision;
  return {
    commit: (free) => {
      // Also programs on the old view read from it.
      void free.then(() => base.release(from));
      return Promise.resolve();
    },
    rollback: () => {
      job.revision = from;
    },
  };
}
