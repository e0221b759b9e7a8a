import { randomUUID } from 'node:crypto';
import { mkdir, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { MNT, mountAsync, MOVE_MOUNT, moveMountAsync, MS, umount2Async } from '@scorpiofs/posix';
import type { Layers, UnmountResult } from './engine.js';
import { fuseError } from './error.js';
import { processesInside } from './processes-inside.js';
import type { SuperblockWatch } from './superblock-watch.js';
import type { Limited } from './take-out.js';

export interface ReplaceSteps {
  readonly limited: Limited;
  readonly watch: (mountpoint: string) => Promise<SuperblockWatch | undefined>;
  /** Mounts the new view at a place of its own. @throws AntaresError */
  readonly mountAt: (mountpoint: string, work: string) => Promise<void>;
}

/**
 * The new view is put under the old one (Linux 6.5), which is then taken away. Two overlays on one upper that are both written are undefined, so the old one is made
 * read-only before anybody can see the new one; the kernel refuses that while somebody has a file open for writing, and `force` accepts it. Each has a
 * work directory of its own: the second mount empties what it is given (fuse-transport §8).
 */
export async function replaceMount(
  { mountpoint, work }: Layers,
  { limited, watch, mountAt }: ReplaceSteps,
): Promise<UnmountResult | undefined> {
  const scratch = join(work, `next-${randomUUID()}`);
  const place = `${scratch}.mnt`;
  await mkdir(place, { recursive: true, mode: 0o700 });
  try {
    await mountAt(place, scratch);
  } catch (error) {
    await rmdir(place).catch(() => undefined);
    await rm(scratch, { recursive: true, force: true });
    throw error;
  }
  try {
    await limited('freezing', mountpoint, () => setReadOnly(mountpoint, true));
    const moved = await limited('moving under', mountpoint, () =>
      moveMountAsync(place, mountpoint, MOVE_MOUNT.BENEATH),
    );
    if (moved < 0) {
      await limited('thawing', mountpoint, () => setReadOnly(mountpoint, false));
      await limited('unmounting', place, () => umount2Async(Buffer.from(place), MNT.DETACH));
      await rm(scratch, { recursive: true, force: true });
      return undefined;
    }
  } finally {
    // Not empty: still a mount, which the next mount on this upper must not be beside.
    await rmdir(place).catch(() => undefined);
  }
  const inside = await processesInside(mountpoint);
  const watched = await watch(mountpoint);
  const flags = MNT.DETACH | MNT.NOFOLLOW;
  const r = await limited('detaching', mountpoint, () =>
    umount2Async(Buffer.from(mountpoint), flags),
  );
  if (r < 0)
    throw fuseError(`the old view at ${mountpoint} could not be detached`, 'Delete the mount.');
  return { gone: true, detachedFrom: inside, ...(watched && { ended: watched.ended() }) };
}

async function setReadOnly(mountpoint: string, readOnly: boolean): Promise<number> {
  const flags = MS.REMOUNT | MS.NOSUID | MS.NODEV | (readOnly ? MS.RDONLY : 0);
  return await mountAsync({ source: 'antares', target: mountpoint, type: 'overlay', flags });
}
