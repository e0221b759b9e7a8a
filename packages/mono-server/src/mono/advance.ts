import type { Monorepo } from './monorepo.js';
import { ancestors, pathParts } from './rows.js';
import { mega, serverCommit } from './server-commit.js';
import { MAIN } from './state.js';
import { TreeEditor } from './tree-edit.js';
import { DIRECTORY } from '../tree/tree-body.js';
import type { Person } from '../git/commit-object.js';

/**
 * Puts a directory's new tree into root `main` by one commit, and moves the stored rows of its ancestors along. The directory's
 * own row and those below are the caller's business. Within `change` only. Returns the root's new commit.
 */
export async function advanceRoot(
  mono: Monorepo,
  dir: string,
  tree: string,
  message: string,
  editor = new TreeEditor(mono.store),
  who: Person = mega(),
): Promise<string> {
  const parts = pathParts(dir);
  const before = await mono.rootTree();
  const entry = { mode: DIRECTORY, oid: tree };
  const root = dir === '/' ? tree : ((await editor.put(before, parts, entry)) ?? tree);
  const commit = await serverCommit(mono.store, root, [mono.head], message, who);
  for (const above of ancestors(dir)) {
    const row = mono.state.rows[above];
    const head = row?.[MAIN];
    if (row === undefined || head === undefined || above === '/') continue;
    const subtree = await mono.directory(root, pathParts(above));
    if (subtree !== undefined)
      row[MAIN] = await serverCommit(mono.store, subtree, [head], message, who);
  }
  const row = (mono.state.rows['/'] ??= {});
  row[MAIN] = commit;
  mono.arrivals.add([...editor.written, root], await mono.store.knownCommit(commit));
  return commit;
}
