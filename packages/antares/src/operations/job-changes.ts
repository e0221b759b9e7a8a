import { changesOf, shown, type Change } from '../changes.js';
import type { Context } from '../context.js';
import type { Job } from '../job.js';
import { layersOf } from '../view-mount.js';

/** What a job changed, from its upper alone. */
export async function changesOfJob(context: Context, job: Job): Promise<Change[]> {
  const live = await context.engine.changes?.(job.mountpoint);
  if (live !== undefined) return live.map(shown);
  const layers = layersOf(context, job);
  return await changesOf(layers, context.base, layers);
}
