import { CommandError } from '../command-error.js';
import { EXIT } from '../exit-codes.js';
import { nested } from './inside.js';

export interface Directory {
  /** What it is for, as in a message: `source`, `upper`, `lower 2`. */
  readonly role: string;
  /** Absolute. */
  readonly path: string;
}

/**
 * A mount point inside what it shows, or the reverse, makes the daemon wait for itself (fuse-transport §5). Called before this
 * process serves anything: it may follow links.
 */
export function refuseNested(mountpoint: string, directories: readonly Directory[]): void {
  for (const { role, path } of directories)
    if (nested(mountpoint, path))
      throw new CommandError(
        'NESTED',
        `error: the mount point ${mountpoint} and the ${role} ${path} lie inside each other`,
        'Name a mount point outside what it is to show.',
        EXIT.usage,
      );
}
