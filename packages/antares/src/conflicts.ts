import { parseOid, SourceError, type Oid, type RepoPath, type Source } from '@scorpiofs/objects';
import type { Change } from './changes.js';

/** Paths that a job changed and that are not the same in both revisions. Each directory is asked for once. */
export async function conflictsOf(
  source: Source,
  view: string,
  from: string,
  to: string,
  changes: readonly Change[],
): Promise<string[]> {
  const listings = new Map<string, Promise<ReadonlyMap<string, Oid>>>();
  const listing = (commit: string, directory: RepoPath) => {
    const key = `${commit} ${directory}`;
    let found = listings.get(key);
    if (found === undefined) listings.set(key, (found = list(source, commit, directory)));
    return found;
  };
  const idAt = async (commit: string, path: RepoPath): Promise<Oid | undefined> => {
    const slash = path.lastIndexOf('/');
    return (await listing(commit, path.slice(0, slash) || '/')).get(path.slice(slash + 1));
  };
  const top = view === '/' ? '' : Buffer.from(view).toString('latin1');
  const conflicts: string[] = [];
  for (const change of changes) {
    const bytes = Buffer.from(
      change.path_b64 ?? change.path,
      change.path_b64 === undefined ? 'utf8' : 'base64',
    );
    const paths = [bytes.toString('latin1')];
    if (change.old_path !== undefined) paths.push(Buffer.from(change.old_path).toString('latin1'));
    for (const path of paths) {
      const [before, after] = await Promise.all([idAt(from, top + path), idAt(to, top + path)]);
      if (before !== after) conflicts.push(Buffer.from(path, 'latin1').toString());
    }
  }
  return conflicts;
}

async function list(
  source: Source,
  commit: string,
  path: RepoPath,
): Promise<ReadonlyMap<string, Oid>> {
  const ids = new Map<string, Oid>();
  try {
    for await (const answer of source.trees([{ revision: { commit: parseOid(commit) }, path }]))
      for (const entry of answer.entries) ids.set(entry.name, entry.oid);
  } catch (error) {
    if (!(error instanceof SourceError && error.kind === 'missing')) throw error;
  }
  return ids;
}
