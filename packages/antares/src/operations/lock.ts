import type { Context } from '../context.js';
import type { MountStatus } from '../job.js';

/** Whether a view may be ended (WT5); kept over restarts. Nothing else about it changes: it can be worked in, and stopped with its daemon. */
export async function setLocked(
  { jobs, running }: Context,
  id: string,
  locked: boolean,
): Promise<MountStatus> {
  running.refuseWhenClosing();
  const job = jobs.get(id);
  const before = job.locked;
  job.locked = locked ? true : undefined;
  try {
    await running.track(jobs.save());
  } catch (error) {
    job.locked = before;
    throw error;
  }
  return jobs.status(job);
}
