import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Context } from '../context.js';
import { whenGone } from '../directories.js';
import type { Process } from '../engine.js';
import type { Job } from '../job.js';
import type { ChangedStatus, ChangeOfLayers } from '../options.js';
import { asAntares, busy, noRoomBeneath } from '../refusals.js';
import { comeBack, layersOf, mountAgain, workOf } from '../view-mount.js';
import { isMounted } from '../take-out.js';

/** New layers that are ready beside the old ones. */
export interface Prepared {
  /** Makes them the job's. */
  apply(): Promise<Applied>;
  undo?(): Promise<void>;
}

export interface Applied {
  /** `free` resolves when nobody uses the old layers any more. */
  commit(free: Promise<unknown>): Promise<void>;
  rollback(): Promise<void> | void;
}

/**
 * The old view stays until the new layers are there. Then they take the place of the old ones under the programs inside, where the engine can do that; else a new view
 * takes the place of the old one. Whatever fails brings the old view back in the state Ready (W-22, W-23).
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
  const { jobs, trash } = context;
  jobs.setState(job, 'Quiescing');
  job.lastSeenMs = Date.now();
  let prepared: Prepared;
  try {
    prepared = await prepare();
  } catch (error) {
    await backToReady(context, job);
    throw asAntares(error);
  }
  const { applied, free, inside, leftOver } = await changed(context, job, options, prepared);
  jobs.setState(job, 'Ready');
  await jobs.save();
  await applied.commit(free);
  for (const directory of leftOver) await trash.take(directory, free, dirname(workOf(job)));
  const status = jobs.status(job);
  return inside.length === 0 ? status : { ...status, restart: inside };
}

interface Changed {
  readonly applied: Applied;
  readonly free: Promise<unknown>;
  /** Who still sees the old view. */
  readonly inside: readonly Process[];
  /** What only those use. */
  readonly leftOver: readonly string[];
}

async function changed(
  context: Context,
  job: Job,
  options: ChangeOfLayers,
  prepared: Prepared,
): Promise<Changed> {
  const { engine } = context;
  const mounted = await isMounted(job.mountpoint);
  if (mounted && engine.swap !== undefined) return await underPrograms(context, job, prepared);
  return mounted && engine.replace !== undefined
    ? await inPlace(context, job, options, prepared)
    : await mountedAnew(context, job, options, prepared);
}

/** Where there is no way to do it without a moment in between, with one, and only while nobody is inside: two views on one upper must never be. */
async function inPlace(
  context: Context,
  job: Job,
  { force = false }: ChangeOfLayers,
  prepared: Prepared,
): Promise<Changed> {
  const { engine, quiesceMs = 150 } = context;
  await sleep(quiesceMs);
  let applied: Applied | undefined;
  try {
    applied = await prepared.apply();
    const replaced = await engine.replace?.(await layersOf(context, job), force);
    const result = replaced ?? (await engine.unmount(job.mountpoint, false));
    if (!result.gone) throw force ? noRoomBeneath(job, result.inside) : busy(job, result.inside);
    if (replaced === undefined) await mountAgain(context, job);
    else Object.assign(job, { generation: job.generation + 1, lost: undefined });
    const free = whenGone(result) ?? Promise.resolve();
    const leftOver = replaced?.gone === true ? replaced.leftOver : [];
    return { applied, free, inside: result.detachedFrom, leftOver };
  } catch (error) {
    if (applied === undefined) await prepared.undo?.();
    await applied?.rollback();
    await backToReady(context, job);
    throw asAntares(error);
  }
}

async function underPrograms(context: Context, job: Job, prepared: Prepared): Promise<Changed> {
  const { engine } = context;
  let applied: Applied | undefined;
  try {
    applied = await prepared.apply();
    const swapped = await engine.swap?.(await layersOf(context, job));
    job.generation += 1;
    return { applied, free: swapped?.free ?? Promise.resolve(), inside: [], leftOver: [] };
  } catch (error) {
    if (applied === undefined) await prepared.undo?.();
    await applied?.rollback();
    await backToReady(context, job);
    throw asAntares(error);
  }
}

async function mountedAnew(
  context: Context,
  job: Job,
  options: ChangeOfLayers,
  prepared: Prepared,
): Promise<Changed> {
  const { engine, quiesceMs = 150 } = context;
  let inside: readonly Process[];
  let free: Promise<void> | undefined;
  try {
    await sleep(quiesceMs);
    const result = await engine.unmount(job.mountpoint, options.force ?? false);
    if (!result.gone) throw busy(job, result.inside);
    inside = result.detachedFrom;
    free = whenGone(result);
  } catch (error) {
    await prepared.undo?.();
    await backToReady(context, job);
    throw asAntares(error);
  }
  let applied: Applied | undefined;
  try {
    applied = await prepared.apply();
    await mountAgain(context, job);
    return { applied, free: free ?? Promise.resolve(), inside, leftOver: [] };
  } catch (error) {
    await applied?.rollback();
    await comeBack(context, job, 'remount after CL failure');
    throw asAntares(error);
  }
}

async function backToReady(context: Context, job: Job): Promise<void> {
  const { lost } = job;
  if (lost !== undefined) context.jobs.setState(job, { Failed: { reason: lost } });
  else if (await isMounted(job.mountpoint)) context.jobs.setState(job, 'Ready');
  else await comeBack(context, job, 'remount after CL failure');
}
