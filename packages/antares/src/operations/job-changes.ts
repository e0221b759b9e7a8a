import { changesOf, shown, type Change } from '../changes.js';
import type { Context } from '../context.js';
import type { Job } from '../job.js';
import { layersOf } from '../view-mount.js';

/** What a job changed, from its upper alone; looked at once for all who ask at the same time, since one alone may hold an upper. */
export async function changesOfJob(context: Context, job: Job): Promise<Change[]> {
  const { looks } = context;
  const { mountId } = job;
  let look = looks.get(mountId);
  if (look === undefined) {
    look = lookAt(context, job).finally(() => looks.delete(mountId));
    looks.set(mountId, look);
  }
  return await look;
}

async function lookAt(context: Context, job: Job): Promise<Change[]> {
  const live = await context.engine.changes?.(job.mountpoint);
  if (live !== undefined) return live.map(shown);
  const layers = await layersOf(context, job);
  return await changesOf(layers, context.base, layers);
}
