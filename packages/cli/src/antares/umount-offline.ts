import { rm } from 'node:fs/promises';
import { KernelEngine, markKept, type JobRecord } from '@scorpiofs/antares';
import { StateFile } from '@scorpiofs/antares/state';
import type { Config } from '@scorpiofs/config';
import { detachDeadMounts } from '@scorpiofs/fuse';
import { CommandError } from '../command-error.js';
import { EXIT } from '../exit-codes.js';

/** No daemon lives, so nobody here serves the view: this process may unmount it. */
export async function umountOffline(config: Config, job: string, purge: boolean): Promise<void> {
  const file = new StateFile(config.values.antares_state_file);
  const record = (await file.read()).find((r) => r.jobId === job);
  if (record === undefined)
    throw new CommandError(
      'NO_JOB',
      `job ${job} not found`,
      'See what there is: scorpio list',
      EXIT.mount,
    );
  // A view that its dead daemon served, or the kernel's.
  await detachDeadMounts(record.mountpoint);
  await new KernelEngine().unmount(record.mountpoint, true);
  await file.remove(record.mountId);
  if (purge)
    await Promise.all(directoriesOf(record).map((d) => rm(d, { recursive: true, force: true })));
  else await markKept(record);
}

function directoriesOf({ upperDir, clDir }: JobRecord): string[] {
  return clDir === undefined ? [upperDir] : [upperDir, clDir];
}
