import { rename } from 'node:fs/promises';
import { buildAside, clPathOf, layerDirectory, oldLayer, type Aside } from '../cl/job-layer.js';
import type { Context } from '../context.js';
import { invalid } from '../error.js';
import type { Job } from '../job.js';
import type { BuildClOptions, ChangedStatus } from '../options.js';
import { pathTaken, refuseUnlessMounted } from '../refusals.js';
import { linkOf } from '../request.js';
import { changeLayers, type Applied } from './change-layers.js';

/** Puts a change list below a view's edits, in place of the one that is there. */
export async function buildCl(
  context: Context,
  id: string,
  link: string,
  options: BuildClOptions,
): Promise<ChangedStatus> {
  const { jobs, running, trash } = context;
  running.refuseWhenClosing();
  const job = jobs.get(id);
  const cl = linkOf(link);
  refuseUnlessMounted(job, 'cannot build CL');
  if (cl === undefined) throw invalid('cl link cannot be empty');
  if (job.jobId === undefined) {
    const other = jobs.unnamed(job.path, cl);
    if (other !== undefined && other !== job) throw pathTaken(job.path, cl);
  }
  return await changeLayers(context, job, options, async () => {
    const aside = await buildAside(context, job, cl, clPathOf(options.clPath));
    return {
      undo: () => trash.take(aside.directory),
      apply: () => replace(context, job, cl, aside),
    };
  });
}

/** The new layer at the old one's place; the old one stays beside it until nobody uses it. */
async function replace(context: Context, job: Job, cl: string, aside: Aside): Promise<Applied> {
  const { trash } = context;
  const { clDir, clPath, clSkipped } = job;
  const old = job.cl;
  const target = layerDirectory(context, job);
  const kept = clDir === undefined ? undefined : oldLayer(clDir, old);
  if (clDir !== undefined && kept !== undefined) await renameIfThere(clDir, kept);
  await rename(aside.directory, target);
  Object.assign(job, { cl, clDir: target, clPath: aside.path, clSkipped: aside.skipped });
  return {
    commit: async (free) => {
      if (kept !== undefined) await trash.take(kept, free);
    },
    rollback: async () => {
      await trash.take(target);
      if (clDir !== undefined && kept !== undefined) await renameIfThere(kept, clDir);
      Object.assign(job, { cl: old, clDir, clPath, clSkipped });
    },
  };
}

async function renameIfThere(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}
