import {
  safeEntries,
  type DroppedEntry,
  type SafeEntries,
  type TreeAnswer,
  type TreeEntry,
} from '@scorpiofs/objects';
import { Listing, UNKNOWN } from './listing.js';

const LONGEST = 255;

/**
 * What a directory can show of a listing that came from outside (mega: C10), and no name longer than Linux takes. A source has
 * looked already; its word is checked where it enters.
 */
function usable(entries: readonly TreeEntry[]): SafeEntries {
  const short = entries.filter(({ name }) => name.length <= LONGEST);
  return safeEntries(short.length === entries.length ? entries : short);
}

export interface Shown {
  readonly listing: Listing;
  readonly hidden: readonly DroppedEntry[];
  /** Its tree is byte for byte what the source has. */
  readonly asReceived: boolean;
}

/** The listing in an answer: as it was received where that can be shown (a `TreeIndex` has left out what C10 says). */
export function shown(answer: TreeAnswer): Shown {
  const { packed } = answer;
  const hidden = answer.dropped ?? [];
  if (packed !== undefined && packed.tree.longest <= LONGEST)
    return { listing: new Listing(packed.tree, packed.sizes), hidden, asReceived: true };
  const { entries, dropped } = usable(answer.entries);
  const listing = Listing.of(entries);
  const { sizes } = answer;
  if (sizes !== undefined)
    for (const [i, { oid }] of entries.entries()) listing.sizes[i] = sizes.get(oid) ?? UNKNOWN;
  return { listing, hidden: [...hidden, ...dropped], asReceived: false };
}
