import type { Context } from '../context.js';
import type { Process } from '../engine.js';
import type { Job } from '../job.js';
import { isMounted } from '../kernel-engine.js';
import type { ChangedStatus, ChangeOfLayers } from '../options.js';
import { asAntares, busy } from '../refusals.js';
import { comeBack, mountAgain } from '../view-mount.js';

/** New layers that are ready beside the old ones. */
export interface Prepared {
  /** Makes them the job's, while nothing is mounted. */
  apply(): Promise<Applied>;
  undo?(): Promise<void>;
}

export interface Applied {
  commit?(): Promise<void>;
  rollback(): Promise<void> | void;
}

/**
 * The old view stays until the new layers are there; then, with nobody inside, unmount and mount. Whatever fails brings the old view back in the state
 * Ready (W-22, W-23).
 */
export async function changeLayers(
  context: Context,
  job: Job,
  options: ChangeOfLayers,
  prepare: () => Promise<Prepared>,
): Promise<ChangedStatus> {
  return await context.running.track(change(context, job, options, prepare));
}

async function change(
  context: Context,
  job: Job,
  options: ChangeOfLayers,
  prepare: () => Promise<Prepared>,
): Promise<ChangedStatus> {
  const { engine, quiesceMs = 150, jobs } = context;
  jobs.setState(job, 'Quiescing');
  job.lastSeenMs = Date.now();
  let prepared: Prepared | undefined;
  let inside: readonly Process[] = [];
  try {
    prepared = await prepare();
    await new Promise((resolve) => setTimeout(resolve, quiesceMs));
    const result = await engine.unmount(job.mountpoint, options.force ?? false);
    if (!result.gone) throw busy(job, result.inside);
    inside = result.detachedFrom;
  } catch (error) {
    await prepared?.undo?.();
    if (await isMounted(job.mountpoint)) jobs.setState(job, 'Ready');
    else await comeBack(context, job, 'remount after CL failure');
    throw asAntares(error);
  }
  let applied: Applied | undefined;
  try {
    applied = await prepared.apply();
    await mountAgain(context, job);
  } catch (error) {
    await applied?.rollback();
    await comeBack(context, job, 'remount after CL failure');
    throw asAntares(error);
  }
  jobs.setState(job, 'Ready');
  await jobs.save();
  await applied.commit?.();
  const status = jobs.status(job);
  return inside.length === 0 ? status : { ...status, restart: inside };
}
