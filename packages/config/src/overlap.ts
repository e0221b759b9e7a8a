import { resolve, sep } from 'node:path';
import type { ConfigKey } from './keys.js';

export interface Place {
  readonly key: ConfigKey;
  readonly path: string;
}

export interface Overlap {
  readonly outer: Place;
  readonly inner: Place;
  readonly same: boolean;
  /** Refused: it would hide data below a mount, or lock the daemon up. Else only untidy. */
  readonly refused: boolean;
}

const MOUNTS: readonly ConfigKey[] = ['workspace', 'antares_mount_root'];
/** They may lie beside what else a directory has, but not where a mount would hide them. */
export const RECORDS: readonly ConfigKey[] = ['config_file', 'antares_state_file'];

/** Pairs of places of which one lies in the other, by name only: links are looked at when something is mounted. */
export function overlaps(places: readonly Place[]): Overlap[] {
  const found: Overlap[] = [];
  const real = places.map((p) => ({ place: p, path: resolve(p.path) }));
  for (const [i, a] of real.entries())
    for (const b of real.slice(i + 1)) {
      const same = a.path === b.path;
      const within = (x: string, y: string) => x.startsWith(y === sep ? y : y + sep);
      if (!same && !within(a.path, b.path) && !within(b.path, a.path)) continue;
      const [outer, inner] =
        same || within(b.path, a.path) ? [a.place, b.place] : [b.place, a.place];
      const records = [a, b].filter(({ place }) => RECORDS.includes(place.key)).length;
      // Two kinds of records in one file are a mistake that 0.2.x takes: a warning.
      const refused =
        records === 0
          ? same || MOUNTS.includes(outer.key) || MOUNTS.includes(inner.key)
          : records === 1 && outer.key === 'workspace';
      if (records > 0 && !refused && !(same && records === 2)) continue;
      found.push({ outer, inner, same, refused });
    }
  return found;
}
