import type { TreeName } from '@scorpiofs/objects';
import type { Commit } from '../git/commit-object.js';
import type { ObjectStore } from '../git/object-store.js';
import { lookupEntry } from '../tree/lookup.js';

/** What stands at a path in a commit, comparable as text; `undefined` where there is nothing. */
async function stateAt(
  store: ObjectStore,
  commit: Commit,
  parts: readonly TreeName[],
): Promise<string | undefined> {
  if (parts.length === 0) return commit.tree;
  const entry = await lookupEntry(store, commit.tree, parts);
  return entry === undefined ? undefined : `${entry.mode} ${entry.oid}`;
}

/**
 * The newest commit, from `start` back, in which the path changed; `undefined` where the path is not in `start`. As git simplifies
 * history, a parent that has the same content is followed. For the root the start itself is the answer (§1.7).
 */
export async function lastChange(
  store: ObjectStore,
  start: Commit,
  parts: readonly TreeName[],
): Promise<Commit | undefined> {
  const state = await stateAt(store, start, parts);
  if (state === undefined) return undefined;
  if (parts.length === 0 || state === `40000 ${start.tree}`) return start;
  let commit = start;
  for (;;) {
    let same: Commit | undefined;
    for (const oid of commit.parents) {
      const parent = await store.commit(oid);
      // A parent beyond the boundary of a shallow repository is not there: history begins here.
      if (parent !== undefined && (await stateAt(store, parent, parts)) === state) {
        same = parent;
        break;
      }
    }
    if (same === undefined) return commit;
    commit = same;
  }
}
