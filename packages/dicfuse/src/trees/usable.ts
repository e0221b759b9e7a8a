import { safeEntries, type SafeEntries, type TreeEntry } from '@scorpiofs/objects';

const LONGEST = 255;

/**
 * What a directory can show of a listing that came from outside (mega: C10), and no name longer than Linux takes. A source has
 * looked already; its word is checked where it enters.
 */
export function usable(entries: readonly TreeEntry[]): SafeEntries {
  const short = entries.filter(({ name }) => name.length <= LONGEST);
  return safeEntries(short.length === entries.length ? entries : short);
}
