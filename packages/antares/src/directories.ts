import { chmod, lstat } from 'node:fs/promises';
import type { Context } from './context.js';
import type { Process, UnmountResult } from './engine.js';
import { messageOf } from './error.js';
import type { Job } from './job.js';
import { workOf } from './view-mount.js';

/** Milliseconds that removing waits for processes on the old view. */
const LONGEST_MS = 600_000;

/** A job's directories go aside at once, and are removed when nobody is on the old view any more. */
export async function removeDirectories(
  { trash, log }: Context,
  job: Job,
  gone?: Promise<void>,
): Promise<void> {
  const directories = [job.upperDir, workOf(job), ...(job.clDir === undefined ? [] : [job.clDir])];
  for (const directory of directories)
    await trash
      .take(directory, gone)
      .catch((error: unknown) =>
        log('warn', 'removing failed', { directory, reason: messageOf(error) }),
      );
}

/** The time of the last change of what stays of a job becomes that of its end: `prune` tells by it how long nobody wants it. What is gone is fine. */
export async function markKept({
  upperDir,
  clDir,
}: Pick<Job, 'upperDir' | 'clDir'>): Promise<void> {
  for (const directory of clDir === undefined ? [upperDir] : [upperDir, clDir])
    await lstat(directory)
      .then(({ mode }) => chmod(directory, mode & 0o7777))
      .catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'ENOENT') throw error;
      });
}

/** When nobody is on a view any more that was taken out of the tree; undefined: nobody is. */
export function whenGone(result: UnmountResult): Promise<void> | undefined {
  if (!result.gone) return undefined;
  if (result.ended !== undefined) return result.ended;
  return result.detachedFrom.length === 0 ? undefined : goneOf(result.detachedFrom);
}

/** Resolves when these processes have ended; at most after `LONGEST_MS`. */
async function goneOf(processes: readonly Process[]): Promise<void> {
  const end = Date.now() + LONGEST_MS;
  while (processes.some(({ pid }) => isThere(pid)) && Date.now() < end)
    await new Promise((resolve) => setTimeout(resolve, 500).unref());
}

function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
