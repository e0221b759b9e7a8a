import type { Name, NodeId } from '@scorpiofs/fuse';
import type { Lower } from './lower.js';

/** One file or directory below an upper that somebody knows. */
export interface Place {
  readonly id: NodeId;
  /** As in `st_mode`. */
  readonly mode: number;
  /** `st_ino` as shown; does not change while somebody knows it. */
  readonly number: bigint;
  /** Where it is found now. Undefined: a directory that is no more; it is empty. */
  lower: Lower | undefined;
  /** In `lower`, with one reference on it. */
  node: NodeId;
  /** References of the overlay above. */
  lookups: number;
  /** Names under which it was found. */
  readonly names: { readonly parent: Place; readonly name: Name }[];
  /** Of a directory: entries that are known. */
  readonly kids: Map<Name, Place>;
}

const S_IFMT = 0o170000;
const S_IFDIR = 0o040000;

export function isDirectory({ mode }: Pick<Place, 'mode'>): boolean {
  return (mode & S_IFMT) === S_IFDIR;
}

export function newPlace(
  id: NodeId,
  found: Pick<Place, 'mode' | 'number' | 'node'> & { readonly lower: Lower },
): Place {
  return { ...found, id, lookups: 0, names: [], kids: new Map() };
}

export function named(place: Place, parent: Place, name: Name): void {
  if (parent.kids.get(name) === place) return;
  parent.kids.set(name, place);
  place.names.push({ parent, name });
}

/** Nobody finds it under a name any more. */
export function unnamed(place: Place): void {
  for (const { parent, name } of place.names.splice(0))
    if (parent.kids.get(name) === place) parent.kids.delete(name);
}
