import type { TreeEntry } from '@scorpiofs/objects';

const LONGEST = 255;

/**
 * What a directory can show of a listing that came from outside: no name that is empty, `.`, `..`, too long or has a slash or
 * NUL, and none twice (mega: C10).
 */
export function usable(entries: readonly TreeEntry[]): readonly TreeEntry[] {
  const seen = new Set<string>();
  const kept = entries.filter(({ name }) => {
    if (name === '' || name === '.' || name === '..' || name.length > LONGEST) return false;
    if (name.includes('/') || name.includes('\0') || seen.has(name)) return false;
    seen.add(name);
    return true;
  });
  return kept.length === entries.length ? entries : kept;
}
