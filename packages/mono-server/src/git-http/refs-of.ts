import { HttpFailure } from '../http/failure.js';
import type { Monorepo } from '../mono/monorepo.js';
import { pathParts, synthesizeRow } from '../mono/rows.js';
import { MAIN } from '../mono/state.js';

export interface AdvertisedRefs {
  /** Id that `HEAD` has; absent for an empty repository. */
  readonly head: string | undefined;
  readonly refs: readonly (readonly [string, string])[];
}

const EMPTY: AdvertisedRefs = { head: undefined, refs: [] };

const byName = (a: readonly [string, string], b: readonly [string, string]): number =>
  a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0;

/**
 * Refs of the repository at a path (§2.2). Asking for a directory without a stored row stores one (§2.3); that first answer leaves out
 * the change lists (M39). Several who ask at once all get the same answer.
 */
export async function refsOf(
  mono: Monorepo,
  path: string,
  service: 'git-upload-pack' | 'git-receive-pack',
): Promise<AdvertisedRefs> {
  if (path === mono.importDir)
    throw new HttpFailure(400, 'Bad request: the import directory is no repository');
  if (mono.isBelowImportDir(path)) return importRefs(mono, path, service);
  let row = mono.state.rows[path];
  if (row?.[MAIN] === undefined) {
    // Only a directory that is there is worth a change of state.
    if ((await mono.directory(await mono.rootTree(), pathParts(path))) === undefined) return EMPTY;
    const made = await mono.change(async () =>
      mono.state.rows[path]?.[MAIN] === undefined ? synthesizeRow(mono, path) : false,
    );
    row = mono.state.rows[path];
    if (row?.[MAIN] === undefined) return EMPTY;
    if (made) return { head: row[MAIN], refs: Object.entries(row).toSorted(byName) };
  }
  const changeLists = Object.values(mono.state.cls)
    .filter((cl) => cl.dir === path)
    .map((cl) => [`refs/cl/${cl.link}`, cl.ref] as const);
  return { head: row[MAIN], refs: [...Object.entries(row), ...changeLists].toSorted(byName) };
}

function importRefs(mono: Monorepo, path: string, service: string): AdvertisedRefs {
  const repository = mono.state.imports[path];
  if (repository === undefined) {
    if (service === 'git-receive-pack') return EMPTY;
    throw new HttpFailure(404, 'Repository not found: Repository not found.');
  }
  return {
    head: mono.importHead(path),
    refs: Object.entries(repository.refs).toSorted(byName),
  };
}
