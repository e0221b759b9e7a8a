import { lstat, readdir, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { readMountTable, type MountEntry } from '@scorpiofs/fuse';
import type { Context } from '../context.js';
import type { PruneOptions } from '../options.js';

/** Directories of jobs are named by their mount id; anything else in the roots is somebody else's. */
const UUID = /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/;
const HOUR_MS = 3_600_000;

/**
 * Removes directories of jobs that no record names, ours or another daemon's (S-06): what a crash in the middle of a create leaves, and uppers that were kept
 * when their job ended. Only what is surely such a directory goes: named by an id, nothing mounted there or using it, and unchanged for an hour, since a create
 * of another daemon has directories before it has a record. A state file that cannot be understood stops it before anything is touched.
 */
export async function prune(
  context: Context,
  { olderThanMs = HOUR_MS }: PruneOptions,
): Promise<string[]> {
  const { paths, jobs, running, trash, log } = context;
  running.refuseWhenClosing();
  const records = [...(await jobs.file.read()), ...jobs.all()];
  const named = new Set(records.map(({ mountId }) => mountId));
  // Records of 0.2.x's command line name their directories each on its own.
  const places = new Set(
    records.flatMap(({ upperDir, clDir, mountpoint }) => [upperDir, clDir, mountpoint]),
  );
  const table = await readMountTable();
  const until = Date.now() - olderThanMs;
  const removed: string[] = [];
  for (const root of [paths.mountRoot, paths.clRoot, paths.upperRoot]) {
    for (const name of await readdir(root).catch(() => [])) {
      const directory = join(root, name);
      if (!UUID.test(name) || named.has(name) || places.has(directory)) continue;
      if (isUsed(table, directory)) continue;
      const stat = await lstat(directory);
      if (!stat.isDirectory() || stat.ctimeMs > until) continue;
      if (root === paths.mountRoot) {
        // What somebody put below a mount point after the unmount is not ours.
        if (
          !(await rmdir(directory).then(
            () => true,
            () => false,
          ))
        )
          continue;
      } else {
        await trash.take(directory);
        if (root === paths.upperRoot) await trash.take(join(root, '.work', name));
      }
      removed.push(directory);
    }
  }
  if (removed.length > 0) log('info', 'orphans removed', { count: removed.length });
  return removed;
}

/** A mount there or below it, or an overlay that has it as a layer. */
function isUsed(table: readonly MountEntry[], directory: string): boolean {
  return table.some(
    ({ mountpoint, superOptions }) =>
      mountpoint === directory ||
      mountpoint.startsWith(`${directory}/`) ||
      superOptions.includes(directory),
  );
}
