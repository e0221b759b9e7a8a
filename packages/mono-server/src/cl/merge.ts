import type { TreeName } from '@scorpiofs/objects';
import { badRequest, notFound, type HttpFailure } from '../http/failure.js';
import { advanceRoot } from '../mono/advance.js';
import type { Monorepo } from '../mono/monorepo.js';
import { pathParts } from '../mono/rows.js';
import { serverCommit } from '../mono/server-commit.js';
import { MAIN, type ChangeList } from '../mono/state.js';
import { TreeEditor } from '../mono/tree-edit.js';
import { FILE, isDirectory, SUBMODULE, type TreeItem } from '../tree/tree-body.js';
import { lookupEntry } from '../tree/lookup.js';
import { changeListTrees } from './change-list.js';
import { diffTrees, type FileChange } from './tree-diff.js';

const MESSAGE = 'cl merge generated commit';

/** Merges a change list into `main` (§1.10); the checks are those of `merge-no-auth`. Within `change` only. */
export async function mergeChangeList(mono: Monorepo, cl: ChangeList): Promise<void> {
  if (cl.status !== 'Open')
    throw badRequest(`CL is not in Open status, current status: ${cl.status}`);
  const row = mono.state.rows[cl.dir];
  const main = row?.[MAIN];
  if (row === undefined || main === undefined) throw notFound('Main ref not found');
  if (cl.base !== main) throw badRequest(`ref conflict: ${cl.link} starts from another commit`);
  const parts = pathParts(cl.dir);
  const editor = new TreeEditor(mono.store);
  const current = await mono.directory(await mono.rootTree(), parts);
  const { before, after } = await changeListTrees(mono, cl);
  const tree = (await isBare(mono, current))
    ? after
    : await mergeFiles(mono, editor, current, before, after);
  const commit = await advanceRoot(mono, cl.dir, tree, MESSAGE, editor);
  if (cl.dir === '/') cl.ref = commit;
  else {
    cl.ref = await serverCommit(mono.store, tree, [main, cl.head], MESSAGE);
    row[MAIN] = cl.ref;
    // Their commits are out of date; they are made anew when somebody asks. A merge at the root leaves them (M41b).
    for (const dir of Object.keys(mono.state.rows))
      if (dir.startsWith(`${cl.dir}/`)) delete mono.state.rows[dir];
  }
  const now = Math.floor(Date.now() / 1000);
  Object.assign(cl, { status: 'Merged', merged: now, updated: now });
}

/** A directory that is new, or holds one `.gitkeep` and nothing else, is replaced as a whole: modes and order are kept. */
async function isBare(mono: Monorepo, tree: string | undefined): Promise<boolean> {
  if (tree === undefined) return true;
  const items = await mono.store.entries(tree);
  return items.length === 0 || (items.length === 1 && items[0]?.name === '.gitkeep');
}

/**
 * Applies the change list's files to the present tree: modified ones keep their mode, added and renamed ones are plain files (M55). What
 * the present tree has changed in the same place is a conflict, and nothing is merged.
 */
async function mergeFiles(
  mono: Monorepo,
  editor: TreeEditor,
  current: string | undefined,
  before: string | undefined,
  after: string,
): Promise<string> {
  const changes = await diffTrees(mono.store, before, after);
  for (const { parts } of changes)
    if (parts.some((name) => name === '' || name === '.' || name === '..'))
      throw badRequest('a path of the change list is not valid');
  // Deletions first: a file may take the place of a directory, and the other way round.
  const ordered = [
    ...changes.filter((change) => change.after === undefined),
    ...changes.filter((change) => change.after !== undefined),
  ];
  let tree = current;
  for (const change of ordered) {
    const present =
      tree === undefined ? undefined : await lookupEntry(mono.store, tree, change.parts);
    const action = decide(change, present);
    if (action !== 'keep') tree = await editor.put(tree, change.parts, action);
  }
  return tree ?? editor.tree([]);
}

function decide(
  { parts, before, after }: FileChange,
  present: TreeItem | undefined,
): 'keep' | { readonly mode: string; readonly oid: string } | undefined {
  if (present?.oid === after?.oid) return 'keep';
  const expected = before?.oid === present?.oid;
  if (!expected || (present !== undefined && isDirectory(present))) throw conflict(parts);
  if (after === undefined) return undefined;
  const mode = after.mode === SUBMODULE ? SUBMODULE : (present?.mode ?? FILE);
  return { mode: mode === SUBMODULE && after.mode !== SUBMODULE ? FILE : mode, oid: after.oid };
}

function conflict(parts: readonly TreeName[]): HttpFailure {
  return badRequest(`conflict in ${parts.join('/')}`);
}
