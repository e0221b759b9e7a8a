import type { ChangedFile } from '@scorpiofs/mega-client';
import type { Oid, RepoPath } from '@scorpiofs/objects';
import { internal } from '../error.js';

export interface Write {
  /** Below the view, without a slash in front; one character per byte. */
  readonly path: string;
  /** In the change list's directory, with a slash in front. */
  readonly inChangeList: RepoPath;
  /** In the monorepo: where it was before, for its mode. */
  readonly before: RepoPath;
  readonly oid: Oid;
}

/** What a change list does to a view. */
export interface Placed {
  readonly writes: readonly Write[];
  /** Names to hide, below the view. */
  readonly whiteouts: readonly string[];
  /** Entries that lie outside the view. */
  readonly skipped: number;
}

const LONGEST_NAME = 255;

/**
 * Where each change lands. `directory`: what the change list's paths are relative to; not known: the monorepo's root, as 0.2.x takes it. A path that
 * has the directory already in front keeps it once (L-03). The paths are hostile: what could leave the layer refuses the whole change list.
 */
export function placeChanges(
  changes: readonly ChangedFile[],
  directory: RepoPath | undefined,
  view: RepoPath,
): Placed {
  const writes = new Map<string, Write>();
  const hidden = new Set<string>();
  let skipped = 0;
  const below = (path: RepoPath): string | undefined => {
    const full = rebased(path, directory ?? '/');
    refuseHostile(full);
    if (view === '/') return full.slice(1);
    return full.startsWith(`${view}/`) ? full.slice(view.length + 1) : undefined;
  };
  for (const change of changes) {
    const path = below(change.path);
    const from = change.action === 'renamed' ? below(change.oldPath) : undefined;
    if (path === undefined && from === undefined) {
      skipped += 1;
      continue;
    }
    if (from !== undefined) hidden.add(from);
    if (path === undefined) continue;
    if (change.action === 'deleted') hidden.add(path);
    else {
      const full = rebased(change.path, directory ?? '/');
      const old = change.action === 'renamed' ? change.oldPath : change.path;
      writes.set(path, {
        path,
        inChangeList: inside(full, directory ?? '/'),
        before: rebased(old, directory ?? '/'),
        oid: change.oid,
      });
    }
  }
  const parents = new Set<string>();
  for (const path of writes.keys()) for (const parent of parentsOf(path)) parents.add(parent);
  // A file that another one lies in: a symbolic link there would lead the other one out of the layer.
  for (const path of writes.keys())
    if (parents.has(path)) throw refused(path, 'is a file and a directory at once');
  const whiteouts = [...hidden].filter(
    (path) =>
      !writes.has(path) &&
      !parents.has(path) &&
      !parentsOf(path).some((p) => writes.has(p) || hidden.has(p)),
  );
  return { writes: [...writes.values()], whiteouts, skipped };
}

function rebased(path: RepoPath, directory: RepoPath): RepoPath {
  if (directory === '/' || path.startsWith(`${directory}/`)) return path;
  return `${directory}${path}`;
}

function inside(full: RepoPath, directory: RepoPath): RepoPath {
  return directory === '/' ? full : full.slice(directory.length);
}

function parentsOf(path: string): string[] {
  const parts = path.split('/');
  return parts.slice(1).map((_part, i) => parts.slice(0, i + 1).join('/'));
}

function refuseHostile(path: RepoPath): void {
  for (const name of path.slice(1).split('/')) {
    if (name === '' || name === '.' || name === '..' || name.includes('\0'))
      throw refused(path, 'leaves its directory');
    if (name.toLowerCase() === '.git') throw refused(path, 'has .git in it');
    if (name.length > LONGEST_NAME) throw refused(path, 'has a name of more than 255 bytes');
  }
}

function refused(path: string, why: string): Error {
  const shown = JSON.stringify(Buffer.from(path, 'latin1').toString().slice(0, 200));
  return internal(
    `the change list cannot be used: ${shown} ${why}`,
    'Nothing of it was written. Correct the change list on the server.',
  );
}
