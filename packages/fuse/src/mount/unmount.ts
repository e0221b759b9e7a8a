import { errno, errnoName, MNT, umount2Async } from '@scorpiofs/posix';

import { busy as busyError, unmountFailed } from './errors.js';
import { findFusermount, unmountByFusermount } from './fusermount.js';
import { waitsForUs } from '../channel/lane.js';
import { mountAt, readMountTable } from './mount-table.js';

/**
 * Takes one mount out of the tree, known by its device so that another mount put on the same path is never hit. Returns
 * `unmounted`, or `detached` when programs were still inside. Done only when the mount table says so.
 */
export async function unmountAt(
  mountpoint: string,
  device: string,
  whenBusy: 'detach' | 'fail',
): Promise<'unmounted' | 'detached'> {
  if (!(await isThere(mountpoint, device))) return 'unmounted';
  let result: 'unmounted' | 'detached' = 'unmounted';
  let reason = await attempt(mountpoint, false);
  if (reason === 'EBUSY') {
    if (whenBusy === 'fail') throw busyError(mountpoint);
    result = 'detached';
    reason = await attempt(mountpoint, true);
  }
  if (await isThere(mountpoint, device)) {
    throw unmountFailed(mountpoint, reason ?? 'it is still in the mount table');
  }
  return result;
}

async function isThere(mountpoint: string, device: string): Promise<boolean> {
  const table = await readMountTable();
  const ours = table.some((e) => e.mountpoint === mountpoint && e.device === device);
  if (ours && mountAt(table, mountpoint)?.device !== device) {
    throw unmountFailed(mountpoint, 'another mount lies on top of it');
  }
  return ours;
}

/** Undefined: done; else `EBUSY` or what was said. */
async function attempt(mountpoint: string, lazy: boolean): Promise<string | undefined> {
  const flags = MNT.NOFOLLOW | (lazy ? MNT.DETACH : 0);
  const r = await waitsForUs.run(() => umount2Async(Buffer.from(mountpoint), flags));
  // EINVAL: no mount point any more, somebody was quicker.
  if (r === 0 || r === -errno.EINVAL) return undefined;
  if (r !== -errno.EPERM || findFusermount() === undefined) return errnoName(r);
  const said = await unmountByFusermount(mountpoint, lazy);
  return said !== undefined && /busy/i.test(said) ? 'EBUSY' : said;
}
