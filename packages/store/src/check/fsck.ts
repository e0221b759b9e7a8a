import type { Parts } from '../parts.js';
import { checkFiles, type FilesFound } from './files.js';
import { checkPlaces, type PlacesFound } from './places.js';
import { checkSizes } from './sizes.js';
import { sweep, type Swept } from './sweep.js';
import { checkTrees, type TreesFound } from './trees.js';

/** What a check looked at and what it removed; the next reader fetches that again. */
export interface FsckReport {
  readonly trees: TreesFound;
  /** Contents in segments. */
  readonly small: PlacesFound;
  /** Contents in files of their own. */
  readonly large: FilesFound;
  readonly sizes: { readonly damaged: number };
  readonly swept: Swept;
  /** Everything that was wrong. */
  readonly problems: number;
}

/**
 * Reads all that is stored, removes what is wrong. Safe while others use the store: nothing that is right goes, a row is removed only
 * if it still says what was found wrong, and a file that is wrong may go while it is open. Facts have no sum to check.
 */
export async function fsck(parts: Parts, stopped: () => boolean): Promise<FsckReport> {
  const swept = await sweep(parts);
  const trees = await checkTrees(parts, stopped);
  const small = await checkPlaces(parts, stopped);
  const large = await checkFiles(parts, stopped);
  const sizes = { damaged: await checkSizes(parts, stopped) };
  const problems =
    trees.damaged +
    small.damaged +
    large.damaged +
    large.misnamed +
    sizes.damaged +
    swept.temporary +
    swept.segments;
  return { trees, small, large, sizes, swept, problems };
}
