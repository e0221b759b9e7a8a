import type { Base } from './state.js';

export interface DicfuseStats {
  /** Revisions shown. */
  readonly revisions: number;
  /** Directories that the kernel holds, and those above them. */
  readonly directories: number;
  /** Entries of listings in memory. */
  readonly loadedEntries: number;
  /** Listings and contents on their way. */
  readonly coming: number;
}

export function statsOf(base: Base): DicfuseStats {
  return {
    revisions: base.roots.size,
    directories: base.directories.size,
    loadedEntries: base.loaded.entries,
    coming: base.trees.inFlight + base.contents.inFlight,
  };
}
