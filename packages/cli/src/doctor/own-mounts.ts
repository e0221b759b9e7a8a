import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import type { Config } from '@scorpiofs/config';
import { readMountTable, type MountEntry } from '@scorpiofs/fuse';

/** The type that every mount of these programs has in the mount table. */
export const OUR_TYPE = 'fuse.scorpiofs';

/** Folders of trial mounts, in the folder for temporary files. */
export const TRIAL_PREFIX = 'scorpio-trial-';

/** The mount that is seen at a path, from the table: the path itself is not touched, as a dead or stuck mount answers badly or never. */
export async function mountOn(path: string): Promise<MountEntry | undefined> {
  const wanted = resolve(path);
  return (await readMountTable()).findLast((e) => e.mountpoint === wanted);
}

export const isOurs = (entry: MountEntry): boolean => entry.type === OUR_TYPE;

/** A trial mount of a doctor, perhaps of one that was killed. */
export const isTrial = (entry: MountEntry): boolean =>
  isOurs(entry) && entry.mountpoint.startsWith(join(tmpdir(), TRIAL_PREFIX));

export const isInside = (path: string, top: string): boolean =>
  path === top || path.startsWith(top === '/' ? top : `${top}/`);

/** Whether a mount lies where this configuration has its mounts, or was a trial: a dead one there may be taken away. */
export function isInPlace(config: Config): (entry: MountEntry) => boolean {
  const { values, derived } = config;
  const { workspace, antares_mount_root: views } = values;
  const { baseMount } = derived;
  // With those for jobs of other users.
  const tops = [workspace, views, `${views}-users`, baseMount, `${baseMount}-users`].map((p) =>
    resolve(p),
  );
  return (entry) => tops.some((top) => isInside(entry.mountpoint, top)) || isTrial(entry);
}

/** The mount in which a path lies, as far as that is known without following links: nothing is touched. */
export function holder(table: readonly MountEntry[], path: string): MountEntry | undefined {
  const wanted = resolve(path);
  let found: MountEntry | undefined;
  for (const entry of table) {
    if (!isInside(wanted, entry.mountpoint)) continue;
    if (found === undefined || entry.mountpoint.length >= found.mountpoint.length) found = entry;
  }
  return found;
}

/** Every directory and file's directory of the configuration. */
export function places({ values }: Config): string[] {
  return [
    values.workspace,
    values.store_path,
    values.antares_upper_root,
    values.antares_cl_root,
    values.antares_mount_root,
    dirname(values.config_file),
    dirname(values.antares_state_file),
  ].map((p) => resolve(p));
}
