import { isInside } from './mount-table.js';

const own = new Set<string>();

/** Remembers what this process serves: it must never wait for anything below. */
export function addOwnMount(mountpoint: string): void {
  own.add(mountpoint);
}

export function removeOwnMount(mountpoint: string): void {
  own.delete(mountpoint);
}

/** The mount point of this process that `path` (absolute, normalised) is or lies below. */
export function ownMountOver(path: string): string | undefined {
  for (const mountpoint of own) if (isInside(path, mountpoint)) return mountpoint;
  return undefined;
}
