import { basename, dirname } from 'node:path';
import { detachDeadMounts, readMountTable } from '@scorpiofs/fuse';
import type { Context } from '../context.js';
import { messageOf } from '../error.js';
import { removeMountpoint, usersRoot } from '../mountpoint.js';
import { isMounted } from '../take-out.js';

/** As creates name mount points below the roots. */
const UUID = /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/;

/**
 * Takes out what a daemon mounted that died before it had written the record: nobody was ever told of such a view. Never what a living one has: its
 * FUSE mounts answer, and its overlays lie over another base than ours. Their directories are left to `prune`.
 */
export async function sweep(context: Context): Promise<void> {
  const { paths, base, engine, jobs, log } = context;
  const roots = [paths.mountRoot, usersRoot(paths)];
  const recorded = new Set((await jobs.file.read()).map(({ mountpoint }) => mountpoint));
  for (const { mountpoint, type, source, superOptions } of await readMountTable()) {
    if (!roots.includes(dirname(mountpoint)) || !UUID.test(basename(mountpoint))) continue;
    if (recorded.has(mountpoint)) continue;
    try {
      if (type.startsWith('fuse')) await detachDeadMounts(mountpoint);
      else if (source === 'antares' && liesOver(superOptions, base.directory))
        await engine.unmount(mountpoint, true);
      if (await isMounted(mountpoint)) continue;
      await removeMountpoint(context, mountpoint);
      log('info', 'a view that was never reported is taken out', { mountpoint });
    } catch (error) {
      log('warn', 'a left-over mount could not be taken out', {
        mountpoint,
        reason: messageOf(error),
      });
    }
  }
}

/** Also a base that is shown as another user's. */
function liesOver(superOptions: string, base: string): boolean {
  return superOptions.includes(`${base}/`) || superOptions.includes(`${base}-users/`);
}
