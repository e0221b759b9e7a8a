import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { detachDeadMounts, readMountTable } from '@scorpiofs/fuse';
import type { Context } from '../context.js';
import { whenGone } from '../directories.js';
import type { OverlayEngine, UnmountResult } from '../engine.js';
import { fuseError, messageOf } from '../error.js';
import type { Job } from '../job.js';
import { Lane } from '../lane.js';
import type { JobRecord } from '../state/record.js';
import { mountAgain } from '../view-mount.js';
import { clearChange, leaveUpper, settleLayer } from './settle.js';
import { sweep } from './sweep.js';

/** Takes over the jobs whose daemon is gone, and brings them back with their ids and edits (D9, D14). */
export async function recover(context: Context): Promise<void> {
  const { paths, jobs, trash } = context;
  const records = await jobs.file.adopt();
  await Promise.all([trash.empty(paths.upperRoot), trash.empty(paths.clRoot)]);
  await trash.empty(join(paths.upperRoot, '.work'));
  await sweep(context);
  const lane = new Lane(4);
  await Promise.all(records.map((record) => lane.run(() => bringBack(context, record))));
  if (records.length > 0) await jobs.save();
}

async function bringBack(context: Context, record: JobRecord): Promise<void> {
  const { base, engine, jobs, log } = context;
  const { mountId, mountpoint } = record;
  const fields = { mount_id: mountId, mountpoint };
  // A view of the daemon that died is an overlay over a dead base; it must go before anything touches its path.
  const detached = await detachLeftOver(mountpoint, engine);
  const gone = detached === undefined ? undefined : whenGone(detached);
  await clearChange(context, record);
  await settleLayer(context, record);
  if (!(await isThere(record.upperDir))) {
    log('warn', 'the upper of a job is gone: its record is dropped', fields);
    return;
  }
  const job = jobFrom(record);
  jobs.add(job);
  try {
    if (gone !== undefined) await leaveUpper(context, record, gone);
    if (job.revision === '') job.revision = (await base.head()).commit;
    await base.hold(job.revision, job.path);
    job.held = true;
    if (job.clDir !== undefined && !(await isThere(job.clDir)))
      throw fuseError(`the CL directory ${job.clDir} is gone`, 'Delete the mount.');
    await mountAgain(context, job);
    jobs.setState(job, 'Ready');
    log('info', 'view brought back', fields);
  } catch (error) {
    const reason = messageOf(error);
    jobs.setState(job, { Failed: { reason: `recovery failed: ${reason}` } });
    log('error', 'a view could not be brought back', { ...fields, reason });
  }
}

function jobFrom(record: JobRecord): Job {
  return {
    ...record,
    revision: record.revision ?? '',
    clSkipped: undefined,
    state: 'Provisioning',
    lastSeenMs: Date.now(),
    generation: 1,
    held: false,
  };
}

/** Only what is ours: an overlay of this program, or a dead FUSE mount. */
async function detachLeftOver(
  mountpoint: string,
  engine: OverlayEngine,
): Promise<UnmountResult | undefined> {
  const found = (await readMountTable()).findLast((e) => e.mountpoint === mountpoint);
  if (found === undefined) return undefined;
  if (found.type === 'overlay' && found.source === 'antares')
    return await engine.unmount(mountpoint, true);
  await detachDeadMounts(mountpoint);
  return undefined;
}

async function isThere(path: string): Promise<boolean> {
  return (await lstat(path).catch(() => undefined)) !== undefined;
}
