import { CommandError } from '../command-error.js';
import { EXIT } from '../exit-codes.js';

export interface Directory {
  /** What it is for, as in a message: `source`, `upper`, `lower 2`. */
  readonly role: string;
  /** Absolute. */
  readonly path: string;
}

function inside(path: string, directory: string): boolean {
  return path === directory || path.startsWith(directory === '/' ? '/' : `${directory}/`);
}

/**
 * A mount point inside what it shows, or the reverse, makes the daemon wait for itself (fuse-transport §5). Paths are compared
 * as written: nothing is touched that might be a mount of ours.
 */
export function refuseNested(mountpoint: string, directories: readonly Directory[]): void {
  for (const { role, path } of directories)
    if (inside(mountpoint, path) || inside(path, mountpoint))
      throw new CommandError(
        'NESTED',
        `error: the mount point ${mountpoint} and the ${role} ${path} lie inside each other`,
        'Name a mount point outside what it is to show.',
        EXIT.usage,
      );
}
