import { rmdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Context } from '../context.js';
import { internal, messageOf } from '../error.js';
import type { AntaresPaths, PruneOptions } from '../options.js';
import { orphans, type Orphan } from '../orphans.js';
import { StateFile } from '../state/state-file.js';
import { Trash } from '../trash.js';

const HOUR_MS = 3_600_000;
const IN_BETWEEN = new Set<string | undefined>(['ENOENT', 'ENOTEMPTY', 'EBUSY']);

/**
 * Removes directories of jobs that no record names, ours or another daemon's (S-06): what a crash in the middle of a create leaves, and uppers that were kept
 * when their job ended. Only what has been so for an hour, since a create of another daemon has directories before it has a record. A state file that cannot
 * be understood stops it before anything is touched. What is removed is renamed aside at once.
 */
export async function prune(context: Context, options: PruneOptions): Promise<Orphan[]> {
  const { paths, jobs, running, inUse, trash, log } = context;
  running.refuseWhenClosing();
  const records = [...(await jobs.file.read()), ...jobs.all()];
  const found = await orphans({ paths, records, inUse, until: untilOf(options) });
  if (options.dryRun === true) return found;
  const removed = await removeAll(paths, found, trash);
  if (removed.length > 0) log('info', 'orphans removed', { count: removed.length });
  return removed;
}

/** The same where no daemon runs. Resolves when all is removed. @throws AntaresError */
export async function pruneOffline(
  paths: AntaresPaths,
  options: PruneOptions = {},
): Promise<Orphan[]> {
  const records = await new StateFile(paths.stateFile).read();
  const found = await orphans({ paths, records, inUse: new Set(), until: untilOf(options) });
  if (options.dryRun === true) return found;
  let problem: unknown;
  const trash = new Trash((error) => (problem ??= error));
  const removed = await removeAll(paths, found, trash);
  await trash.idle();
  if (problem !== undefined) throw notRemoved('what was renamed aside', problem);
  return removed;
}

function untilOf({ olderThanMs = HOUR_MS }: PruneOptions): number {
  return Date.now() - olderThanMs;
}

async function removeAll(
  paths: AntaresPaths,
  found: readonly Orphan[],
  trash: Trash,
): Promise<Orphan[]> {
  const removed: Orphan[] = [];
  for (const orphan of found) {
    try {
      if (await remove(paths, orphan, trash)) removed.push(orphan);
    } catch (error) {
      throw notRemoved(orphan.path, error);
    }
  }
  return removed;
}

/** False: somebody used it in between. */
async function remove(paths: AntaresPaths, { kind, path }: Orphan, trash: Trash): Promise<boolean> {
  if (kind === 'mountpoint') return await removeEmpty(path);
  // `.new` has no trash of its own.
  await trash.take(path, undefined, kind === 'cl' ? paths.clRoot : dirname(path));
  if (kind === 'upper') await trash.take(join(paths.upperRoot, '.work', basename(path)));
  return true;
}

async function removeEmpty(path: string): Promise<boolean> {
  try {
    await rmdir(path);
    return true;
  } catch (error) {
    if (IN_BETWEEN.has((error as NodeJS.ErrnoException).code)) return false;
    throw error;
  }
}

function notRemoved(what: string, error: unknown): Error {
  return internal(
    `${what} could not be removed: ${messageOf(error)}`,
    'What came before it is removed. Run it as the user that the daemon runs as.',
    error,
  );
}
