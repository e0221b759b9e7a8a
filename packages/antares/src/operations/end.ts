import type { Context } from '../context.js';
import { markKept, removeDirectories, whenGone } from '../directories.js';
import { AntaresError, messageOf, unknownJob } from '../error.js';
import type { Job, MountStatus } from '../job.js';
import { removeMountpoint } from '../mountpoint.js';
import type { DeleteOptions } from '../options.js';
import { refuseInBetween, refuseLocked } from '../refusals.js';

/** Ends a view. Whoever comes second hears what became of it (one 200, the others 404). */
export async function end(
  context: Context,
  id: string,
  options: DeleteOptions,
): Promise<MountStatus> {
  const { jobs, running, ends } = context;
  running.refuseWhenClosing();
  await ends.get(id)?.catch(() => undefined);
  const job = jobs.get(id);
  refuseInBetween(job, '; retry after switch/unmount completes');
  refuseLocked(job);
  const work = running.track(endJob(context, job, options.keep ?? false));
  ends.set(id, work);
  try {
    return await work;
  } finally {
    ends.delete(id);
  }
}

export async function endByTask(
  context: Context,
  task: string,
  options: DeleteOptions,
): Promise<MountStatus> {
  const { mountId } = context.jobs.getByTask(task);
  try {
    return await end(context, mountId, options);
  } catch (error) {
    if (error instanceof AntaresError && error.code === 'NOT_FOUND') throw unknownJob(task);
    throw error;
  }
}

async function endJob(context: Context, job: Job, keep: boolean): Promise<MountStatus> {
  const { engine, base, keepUpper = false, jobs, inUse, log } = context;
  const kept = keep || keepUpper;
  jobs.setState(job, 'Unmounting');
  job.lastSeenMs = Date.now();
  let gone: Promise<void> | undefined;
  try {
    gone = whenGone(await engine.unmount(job.mountpoint, true));
  } catch (error) {
    const message = messageOf(error);
    const reason = message.startsWith('unmount failed: ') ? message : `unmount failed: ${message}`;
    jobs.setState(job, { Failed: { reason } });
    log('error', 'a view could not be unmounted', { mount_id: job.mountId, reason });
    return jobs.status(job);
  }
  if (kept)
    await markKept(job).catch((error: unknown) =>
      log('warn', 'what is kept could not be marked', { reason: messageOf(error) }),
    );
  inUse.add(job.mountId);
  jobs.drop(job);
  jobs.setState(job, 'Unmounted');
  await jobs
    .save()
    .catch((error: unknown) =>
      log('error', 'the state file could not be written', { reason: messageOf(error) }),
    );
  await removeMountpoint(context, job.mountpoint);
  if (!kept) await removeDirectories(context, job, gone);
  // Who is still inside goes on reading the base.
  const release = async (): Promise<void> => {
    inUse.delete(job.mountId);
    if (job.held) await base.release(job.revision);
  };
  if (gone === undefined) await release();
  else
    void gone
      .then(release)
      .catch((error: unknown) =>
        log('warn', 'a revision could not be let go', { reason: messageOf(error) }),
      );
  log('info', 'view ended', { mount_id: job.mountId, kept: String(kept) });
  return jobs.status(job);
}
