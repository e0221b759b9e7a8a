import type { Context } from '../context.js';
import { messageOf } from '../error.js';
import { Lane } from '../lane.js';
import { removeMountpoint } from '../mountpoint.js';

/** Ends all views, keeps their records and directories, and lets what runs end first (W-26). */
export async function close(context: Context): Promise<void> {
  const { engine, jobs, running, log } = context;
  await Promise.allSettled([...jobs.pending.values()].map((pending) => pending.job));
  await running.settled();
  const lane = new Lane(4);
  await Promise.all(
    jobs.all().map((job) =>
      lane.run(async () => {
        try {
          await engine.unmount(job.mountpoint, true);
          await removeMountpoint(context, job.mountpoint);
        } catch (error) {
          log('error', 'a view could not be unmounted', {
            mount_id: job.mountId,
            reason: messageOf(error),
          });
        }
      }),
    ),
  );
  await engine.close?.();
  await jobs.leave();
}
