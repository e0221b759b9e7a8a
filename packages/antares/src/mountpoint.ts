import { chmod, mkdir, readdir, rmdir } from 'node:fs/promises';
import { dirname, isAbsolute, normalize } from 'node:path';
import { detachDeadMounts, readMountTable } from '@scorpiofs/fuse';
import type { Context } from './context.js';
import { invalid, messageOf } from './error.js';
import type { AntaresPaths } from './options.js';

/** `PATH_MAX` without the NUL at the end. */
const LONGEST = 4095;

/** Views of other users: the mount root is the daemon's alone, and the top of each of these views lets in its user alone. */
export function usersRoot({ mountRoot }: AntaresPaths): string {
  return `${mountRoot}-users`;
}

/** Only directories that were made here go; a mount point that a caller named is the caller's. */
export function isOwnMountpoint({ paths }: Context, mountpoint: string): boolean {
  return [paths.mountRoot, usersRoot(paths)].includes(dirname(mountpoint));
}

/** A place that a caller named: empty, nobody's mount, and not among our own directories. @throws AntaresError */
export async function checkMountpoint(context: Context, mountpoint: string): Promise<void> {
  const { paths } = context;
  if (!isAbsolute(mountpoint) || normalize(mountpoint) !== mountpoint || mountpoint.includes('\0'))
    throw invalid('mountpoint must be an absolute, normalised path');
  if (Buffer.byteLength(mountpoint) > LONGEST)
    throw invalid('mountpoint is too long', `A path has at most ${LONGEST} bytes.`);
  const allowed = inside(mountpoint, paths.mountRoot) && mountpoint !== paths.mountRoot;
  for (const place of ownPlaces(context))
    if (inside(place, mountpoint) || (inside(mountpoint, place) && !allowed))
      throw invalid(
        `mountpoint ${mountpoint} and ${place} lie inside each other`,
        'Name an empty directory elsewhere.',
      );
  await detachDeadMounts(mountpoint);
  if ((await readMountTable()).some((e) => e.mountpoint === mountpoint))
    throw invalid(`mountpoint ${mountpoint} is a mount point already`, 'Unmount it first.');
  const names = await readdir(mountpoint).catch((error: NodeJS.ErrnoException) => {
    // Below the mount root it is made when the time comes.
    if (allowed && error.code === 'ENOENT') return [];
    throw unusable(messageOf(error));
  });
  if (names.length > 0) throw unusable(mountpoint);
}

export async function makeMountpoint(context: Context, mountpoint: string): Promise<void> {
  const { paths, allowOther = false } = context;
  await mkdir(paths.mountRoot, { recursive: true, mode: 0o700 });
  const above = dirname(mountpoint);
  if (!allowOther && above === paths.mountRoot) await chmod(paths.mountRoot, 0o700);
  if (above === usersRoot(paths)) {
    await mkdir(above, { recursive: true, mode: 0o711 });
    await chmod(above, 0o711);
  }
  await mkdir(mountpoint, { recursive: true, mode: 0o755 });
}

export async function removeMountpoint(context: Context, mountpoint: string): Promise<void> {
  if (!isOwnMountpoint(context, mountpoint)) return;
  // A client may have removed it, or put something there, after the unmount.
  await rmdir(mountpoint).catch(() => undefined);
}

function ownPlaces({ paths, jobs }: Context): string[] {
  return [
    paths.upperRoot,
    paths.clRoot,
    usersRoot(paths),
    dirname(paths.stateFile),
    ...jobs.all().map((job) => job.mountpoint),
  ];
}

function inside(a: string, b: string): boolean {
  return a === b || a.startsWith(`${b}/`);
}

function unusable(why: string): Error {
  return invalid(`mountpoint is not empty or is inaccessible: ${why}`, 'Name an empty directory.');
}
