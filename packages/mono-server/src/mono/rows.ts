import type { TreeName } from '@scorpiofs/objects';
import type { Monorepo } from './monorepo.js';
import { peel } from './peel.js';
import { MAIN } from './state.js';

/** More tags than this are not carried over to a sub-directory: each costs a commit object. */
const MAX_TAGS = 100;

/** Byte path of a directory → its components. */
export function pathParts(dir: string): TreeName[] {
  return dir === '/' ? [] : (dir.slice(1).split('/') as TreeName[]);
}

/** Every ancestor of a directory, nearest first, without itself. */
export function ancestors(dir: string): string[] {
  const parts = pathParts(dir);
  const found: string[] = [];
  for (let length = parts.length - 1; length >= 0; length--)
    found.push(`/${parts.slice(0, length).join('/')}`);
  return found;
}

/** The directory itself or its deepest ancestor that has a stored row (§1.9): there a REST edit makes its change list. */
export function rowDirectory(mono: Monorepo, dir: string): string {
  return [dir, ...ancestors(dir)].find((one) => mono.state.rows[one]?.[MAIN] !== undefined) ?? '/';
}

/**
 * Makes the row of a directory that has none (§2.3): a parentless commit of the directory's tree with author, committer and message
 * of the root's head, and the same for the root's tags. False where there is no such directory. Within `change` only.
 */
export async function synthesizeRow(mono: Monorepo, dir: string): Promise<boolean> {
  const parts = pathParts(dir);
  const root = mono.state.rows['/'] ?? {};
  const synthesize = async (oid: string): Promise<string | undefined> => {
    const peeled = await peel(mono.store, oid);
    const commit = peeled === undefined ? undefined : await mono.store.commit(peeled);
    const tree = commit === undefined ? undefined : await mono.directory(commit.tree, parts);
    if (commit === undefined || tree === undefined) return undefined;
    const { author, committer, message } = commit;
    return mono.store.writeCommit({ tree, parents: [], author, committer, message });
  };
  const main = await synthesize(mono.head);
  if (main === undefined) return false;
  const row: Record<string, string> = { [MAIN]: main };
  const tags = Object.entries(root).filter(([ref]) => ref.startsWith('refs/tags/'));
  if (tags.length <= MAX_TAGS)
    for (const [ref, oid] of tags) {
      const tag = await synthesize(oid);
      if (tag !== undefined) row[ref] = tag;
    }
  mono.state.rows[dir] = row;
  return true;
}
