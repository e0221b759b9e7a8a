import type { Context } from '../context.js';
import { messageOf } from '../error.js';
import type { Job } from '../job.js';

/**
 * A view whose FUSE connection was aborted, its own or that of the base below it, is dead: it says so until it is deleted (D6, W-82). Not one that somebody
 * unmounted: it is mounted again when its job is asked for.
 */
export function tellLosses(context: Context): void {
  const { engine, base, jobs, log } = context;
  engine.onLost?.((mountpoint) => {
    for (const job of jobs.all())
      if (job.mountpoint === mountpoint) lost(context, job, 'its connection was aborted');
  });
  base.onLost((again) => {
    log('error', 'the base mount has ended; it is mounted again', {});
    if (engine.name === 'kernel')
      for (const job of jobs.all()) lost(context, job, 'the mount of the base below it has ended');
    again.catch((error: unknown) =>
      log('error', 'the base could not be mounted again', { reason: messageOf(error) }),
    );
  });
}

function lost({ jobs, log }: Context, job: Job, why: string): void {
  const reason = `${why}; delete the mount and create it again`;
  job.lost = reason;
  // Whoever is at work on it comes to its end first.
  if (job.state !== 'Ready' && job.state !== 'Mounted') return;
  jobs.setState(job, { Failed: { reason } });
  log('error', 'a view is dead', { mount_id: job.mountId, reason });
}
