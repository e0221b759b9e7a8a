import type { TreeName } from '@scorpiofs/objects';
import { HttpFailure, notFound } from '../http/failure.js';
import type { Monorepo } from '../mono/monorepo.js';
import { pathParts, rowDirectory } from '../mono/rows.js';
import { MAIN, type ChangeList } from '../mono/state.js';
import { TreeEditor } from '../mono/tree-edit.js';
import type { Person } from '../git/commit-object.js';
import { changeListTrees } from './change-list.js';
import { openChangeList } from './open.js';

/** How an edit finds its change list (§1.9). */
export type EditMode = 'force_create' | { readonly try_reuse: string | null };

export interface EditRequest {
  /** Directory of the edited entry. */
  readonly dir: string;
  readonly author: string;
  readonly email: string;
  readonly title: string;
  readonly mode: EditMode;
  /** Changes the tree of the change list's directory; `parts` lead from there to `dir`. */
  edit(editor: TreeEditor, tree: string, parts: readonly TreeName[]): Promise<string>;
}

/**
 * Makes a change list with one edit, or adds the edit to an open one of the same author and directory. Unlike the original, what that one
 * held before is kept (§1.9, "no accumulation"). Within `change` only.
 */
export async function editInChangeList(
  mono: Monorepo,
  request: EditRequest,
): Promise<{ cl: ChangeList; commit: string }> {
  const dir = rowDirectory(mono, request.dir);
  const main = mono.state.rows[dir]?.[MAIN];
  if (main === undefined) throw notFound('Main ref not found');
  const reused = reusable(mono, dir, main, request);
  const before =
    reused === undefined
      ? (await mono.store.knownCommit(main)).tree
      : (await changeListTrees(mono, reused)).after;
  const editor = new TreeEditor(mono.store);
  const parts = pathParts(request.dir).slice(pathParts(dir).length);
  const tree = await request.edit(editor, before, parts);
  const time = Math.floor(Date.now() / 1000);
  const who: Person = { name: request.author, email: request.email, time, zone: '+0000' };
  const commit = await mono.store.writeCommit({
    tree,
    parents: [main],
    author: who,
    committer: who,
    message: request.title,
  });
  mono.arrivals.add(editor.written, await mono.store.knownCommit(commit));
  if (reused !== undefined) {
    Object.assign(reused, { head: commit, ref: commit, base: main, updated: time });
    return { cl: reused, commit };
  }
  const { author, title } = request;
  const opening = { dir, author, title, base: main, head: commit, reuse: false, keepTitle: false };
  return { cl: openChangeList(mono, opening), commit };
}

function reusable(
  mono: Monorepo,
  dir: string,
  main: string,
  { mode, author }: EditRequest,
): ChangeList | undefined {
  if (mode === 'force_create') return undefined;
  if (mode.try_reuse !== null) {
    const named = mono.state.cls[mode.try_reuse];
    if (named === undefined) throw notFound(`CL ${mode.try_reuse} not found`);
    // The original takes a change list of any directory, and so destroys content (M67).
    if (named.dir !== dir || named.status !== 'Open')
      throw new HttpFailure(
        400,
        `Bad request: CL ${named.link} is not an open one of this directory`,
      );
    return named;
  }
  return Object.values(mono.state.cls).find(
    (cl) => cl.dir === dir && cl.author === author && cl.status === 'Open' && cl.base === main,
  );
}
