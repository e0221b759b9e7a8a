import type { Process } from './engine.js';
import { AntaresError, fuseError, invalid, messageOf } from './error.js';
import { stateName, type Job } from './job.js';

/** A view that is on its way somewhere is left alone until it is there. @throws AntaresError */
export function refuseInBetween(job: Job, words: string): void {
  if (job.state === 'Quiescing' || job.state === 'Unmounting')
    throw invalid(`mount ${job.mountId} is currently in state ${job.state}${words}`);
}

/** @throws AntaresError */
export function refuseUnlessMounted(job: Job, words: string): void {
  if (job.state !== 'Ready' && job.state !== 'Mounted')
    throw invalid(`mount ${job.mountId} is currently in state ${stateName(job.state)}; ${words}`);
}

export function pathTaken(path: string, cl: string | undefined): AntaresError {
  const shown = cl === undefined ? 'None' : `Some(${JSON.stringify(cl)})`;
  return invalid(
    `path ${path} with cl ${shown} is already mounted`,
    'Give each view a job_id, then they may have the same path.',
  );
}

export function otherParameters(task: string): AntaresError {
  return invalid(
    `job_id/build_id '${task}' already mounted with different path/cl`,
    'Delete that mount first, or use another id.',
  );
}

export function tooMany(maxMounts: number): AntaresError {
  return new AntaresError(
    'TOO_MANY_MOUNTS',
    `there are ${maxMounts} mounts already`,
    'Delete some, or raise antares_max_mounts.',
  );
}

/** @throws AntaresError */
export function refuseLocked({ mountId, locked }: Job): void {
  if (locked === true)
    throw new AntaresError('LOCKED', `mount ${mountId} is locked`, 'Unlock it first.');
}

export function busy(job: Job, inside: readonly Process[]): AntaresError {
  const names = inside.map(({ pid, name }) => `${name} (${pid})`).join(', ');
  return new AntaresError(
    'BUSY',
    `mount ${job.mountId} is in use by ${names === '' ? 'processes that cannot be seen from here' : names}`,
    'End them, or repeat the request with "force": true; they then stay on the old view until they are restarted.',
    { processes: inside },
  );
}

/** Forced, where the kernel cannot put a mount under another. */
export function noRoomBeneath(job: Job, inside: readonly Process[]): AntaresError {
  const { message, details } = busy(job, inside);
  const hint = 'Here nothing can be forced (Linux 6.5, and nothing else mounted there): end them.';
  return new AntaresError('BUSY', message, hint, details);
}

/** What a client is told of a view that could not be mounted. */
export function asAntares(error: unknown): AntaresError {
  if (error instanceof AntaresError) return error;
  return fuseError(
    `the view could not be mounted: ${messageOf(error)}`,
    'See the log of the daemon; `scorpio doctor` checks what mounting needs.',
    error,
  );
}
