import { dirname, join } from 'node:path';
import type { Owner } from './below/base-layer.js';
import type { Context } from './context.js';
import type { Layers } from './engine.js';
import { messageOf } from './error.js';
import type { Job } from './job.js';
import { makeMountpoint } from './mountpoint.js';

export async function layersOf({ base }: Context, job: Job): Promise<Layers> {
  const owner = ownerOf(job);
  return {
    mountpoint: job.mountpoint,
    upper: job.upperDir,
    work: workOf(job),
    form: job.form,
    cl: job.clDir,
    base: await base.directoryOf(job.revision, job.path, owner),
    revision: job.revision,
    path: job.path,
    owner,
  };
}

/** Another user's job. */
export function ownerOf({ uid, gid }: Pick<Job, 'uid' | 'gid'>): Owner | undefined {
  return uid === undefined ? undefined : { uid, gid: gid ?? uid };
}

/** Beside the upper: the engine renames from there into it. */
export function workOf(job: Pick<Job, 'upperDir' | 'mountId'>): string {
  return join(dirname(job.upperDir), '.work', job.mountId);
}

/** A view that there was before: its clients must not take it for the same mount. */
export async function mountAgain(context: Context, job: Job): Promise<void> {
  await makeMountpoint(context, job.mountpoint);
  await context.engine.mount(await layersOf(context, job));
  job.generation += 1;
  job.lost = undefined;
}

/** After something failed: the view as the job has it, or the state that says why there is none. */
export async function comeBack(context: Context, job: Job, what: string): Promise<void> {
  const { jobs } = context;
  try {
    await mountAgain(context, job);
    jobs.setState(job, 'Ready');
  } catch (error) {
    jobs.setState(job, { Failed: { reason: `${what}: ${messageOf(error)}` } });
  }
}
