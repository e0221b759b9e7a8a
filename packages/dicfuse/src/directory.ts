import type { Name, NodeId } from '@scorpiofs/fuse';
import type { Oid, RepoPath, Revision } from '@scorpiofs/objects';
import type { PlacedTree } from './ids/places.js';

/** A pinned revision, or a directory of one, as it is shown. */
export interface Root {
  /** In node ids: 0 for a base that shows one revision. */
  readonly index: number;
  revision: Revision;
  /** Where in the monorepo its top lies. */
  readonly path: RepoPath;
  readonly top: Directory;
}

/** A directory that the kernel knows or that is above one it knows. Everything else is read again from the store. */
export interface Directory {
  readonly node: NodeId;
  readonly place: number;
  /** One that the revision no longer has keeps the revision that had it. */
  root: Root;
  readonly parent: Directory | undefined;
  readonly name: Name;
  /** Shown as an empty directory. */
  readonly submodule: boolean;
  /** Id of its tree; '' while that of a top is not known. */
  oid: Oid | '';
  /** Milliseconds since 1970. */
  time: number;
  tree: PlacedTree | undefined;
  /** Its listing was used: the kernel may know names in it. */
  shown: boolean;
  /** Lookup references of the kernel, and directories below that are kept. At 0 and 0 this one is let go. */
  lookups: number;
  kids: number;
  /** Clock of the last use, for the eviction of `tree`. */
  used: number;
  /** How often the view moved under it; part of the cookies of its listing. */
  moves: number;
  /** What was shown before the last move: a listing that had begun ends with it. */
  before: PlacedTree | undefined;
}

export function childPath(path: RepoPath, name: string): RepoPath {
  return path === '/' ? `/${name}` : `${path}/${name}`;
}

export function pathOf(directory: Directory): RepoPath {
  const { parent } = directory;
  return parent === undefined ? directory.root.path : childPath(pathOf(parent), directory.name);
}
