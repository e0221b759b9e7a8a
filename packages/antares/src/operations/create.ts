import { randomUUID } from 'node:crypto';
import { chmod, chown, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Owner } from '../below/base-layer.js';
import { clPathOf, placeLayer } from '../cl/job-layer.js';
import type { Context } from '../context.js';
import { removeDirectories } from '../directories.js';
import { messageOf } from '../error.js';
import type { Job, MountStatus } from '../job.js';
import { checkMountpoint, makeMountpoint, removeMountpoint, usersRoot } from '../mountpoint.js';
import { asAntares, otherParameters, pathTaken, tooMany } from '../refusals.js';
import { linkOf, normalisePath, taskOf, userOf, type CreateRequest } from '../request.js';
import { layersOf, ownerOf, workOf } from '../view-mount.js';
import { again, isSameView } from './again.js';

/** What a request comes to when it has been read. */
interface Wanted {
  readonly path: string;
  readonly task: string | undefined;
  readonly cl: string | undefined;
  readonly clPath: string | null | undefined;
  readonly mountpoint: string | undefined;
  readonly owner: Owner | undefined;
}

/**
 * Resolves when the view is mounted and its first listing can be served. The same request for the same job, at once or later, is the same view
 * (W-19). Goes on when the caller has gone (W-25).
 */
export async function create(context: Context, request: CreateRequest): Promise<MountStatus> {
  const { jobs, running, creates, maxMounts = 1000 } = context;
  running.refuseWhenClosing();
  const wanted = wantedBy(request);
  const { path, task, cl } = wanted;
  const existing = task === undefined ? undefined : jobs.ofTask(task);
  if (existing !== undefined) return jobs.status(await again(context, existing, wanted));
  const key = task === undefined ? `path ${JSON.stringify([path, cl])}` : `job ${task}`;
  const pending = jobs.pending.get(key);
  if (pending !== undefined) {
    if (task === undefined) throw pathTaken(path, cl);
    if (!isSameView({ ...pending, ...pending.owner }, wanted)) throw otherParameters(task);
    return jobs.status(await pending.job);
  }
  if (task === undefined && jobs.unnamed(path, cl) !== undefined) throw pathTaken(path, cl);
  if (jobs.size >= maxMounts) throw tooMany(maxMounts);
  const job = running.track(creates.run(() => make(context, wanted)));
  jobs.pending.set(key, { path, cl, owner: wanted.owner, job });
  try {
    return jobs.status(await job);
  } finally {
    jobs.pending.delete(key);
  }
}

function wantedBy(request: CreateRequest): Wanted {
  return {
    path: normalisePath(request.path),
    task: taskOf(request),
    cl: linkOf(request.cl),
    clPath: request.cl_path,
    mountpoint: request.mountpoint ?? undefined,
    owner: userOf(request),
  };
}

async function make(context: Context, wanted: Wanted): Promise<Job> {
  const { paths, base, engine, jobs, running, inUse, log } = context;
  if (wanted.mountpoint !== undefined) await checkMountpoint(context, wanted.mountpoint);
  const { commit } = await base.head();
  const job = newJob(paths, wanted, commit);
  const { mountId, mountpoint, path } = job;
  await base.hold(commit, path);
  inUse.add(mountId);
  try {
    if (wanted.cl !== undefined) await placeLayer(context, job, wanted.cl, clPathOf(wanted.clPath));
    await makeUpper(context, job);
    await makeMountpoint(context, mountpoint);
    await engine.mount(await layersOf(context, job));
    running.refuseWhenClosing();
    jobs.add(job);
    jobs.setState(job, 'Mounted');
    await jobs.save();
    jobs.setState(job, 'Ready');
    log('info', 'view mounted', { mount_id: mountId, mountpoint, revision: commit });
    return job;
  } catch (error) {
    jobs.drop(job);
    await undo(context, job);
    throw asAntares(error);
  } finally {
    inUse.delete(mountId);
  }
}

function newJob(paths: Context['paths'], wanted: Wanted, revision: string): Job {
  const mountId = randomUUID();
  const now = Date.now();
  return {
    mountId,
    jobId: wanted.task,
    path: wanted.path,
    cl: undefined,
    clDir: undefined,
    clPath: undefined,
    clSkipped: undefined,
    mountpoint:
      wanted.mountpoint ??
      join(wanted.owner === undefined ? paths.mountRoot : usersRoot(paths), mountId),
    upperDir: join(paths.upperRoot, mountId),
    createdMs: now,
    lastSeenMs: now,
    revision,
    form: 'kernel',
    uid: wanted.owner?.uid,
    gid: wanted.owner?.gid,
    state: 'Provisioning',
    generation: 1,
    held: true,
  };
}

async function makeUpper({ engine }: Context, job: Job): Promise<void> {
  const work = workOf(job);
  await mkdir(work, { recursive: true, mode: 0o700 });
  job.form = engine.formOf(work);
  await mkdir(job.upperDir, { recursive: true, mode: 0o755 });
  const owner = ownerOf(job);
  if (owner === undefined) return;
  // The top of the view has the upper's owner and mode: others do not enter.
  await chown(job.upperDir, owner.uid, owner.gid);
  await chmod(job.upperDir, 0o700);
}

/** A failed create leaves nothing (A-24, W-20). */
async function undo(context: Context, job: Job): Promise<void> {
  const { engine, base, jobs, log } = context;
  try {
    await engine.unmount(job.mountpoint, true);
    await removeMountpoint(context, job.mountpoint);
    await removeDirectories(context, job);
    await jobs.save();
  } catch (error) {
    log('error', 'a failed create could not be cleared away', {
      mount_id: job.mountId,
      reason: messageOf(error),
    });
  }
  await base.release(job.revision);
}
