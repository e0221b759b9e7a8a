import { HttpFailure } from '../http/failure.js';
import type { Commit } from '../git/commit-object.js';
import type { Monorepo } from './monorepo.js';
import { peel } from './peel.js';
import { MAIN } from './state.js';

const BRANCH = /^(?:refs\/heads\/)?(?:main|master)$/;
const HEX = /^[0-9a-fA-F]{7,40}$/;

/**
 * What `refs` means for `/latest-commit` and `/commits/history` (§1.4). Text that is no possible reference: 400; an id that is no
 * commit here: 500 in the monorepo, as the original says; in an import repository, where that one breaks down, 400.
 */
export async function startingCommit(
  mono: Monorepo,
  importPath: string | undefined,
  refs: string,
): Promise<Commit> {
  const repository = importPath === undefined ? undefined : mono.importAt(importPath);
  const head = importPath === undefined ? mono.head : (mono.importHead(importPath) ?? '');
  const rows = repository?.refs ?? mono.state.rows['/'] ?? {};
  if (refs === '' || BRANCH.test(refs)) {
    const named = refs === '' || repository === undefined ? head : (rows[MAIN] ?? head);
    return mono.store.knownCommit(named);
  }
  const tag = rows[refs.startsWith('refs/tags/') ? refs : `refs/tags/${refs}`];
  if (tag !== undefined) {
    const oid = await peel(mono.store, tag);
    const commit = oid === undefined ? undefined : await mono.store.commit(oid);
    if (commit !== undefined) return commit;
  }
  if (HEX.test(refs)) {
    const commit = await mono.store.commit(refs);
    if (commit !== undefined && (await belongs(mono, importPath, commit))) return commit;
    throw new HttpFailure(importPath === undefined ? 500 : 400, `unknown commit ${refs}`);
  }
  throw new HttpFailure(
    400,
    `Invalid reference '${refs}': only 'main'/'master' branches, tags, or commit SHAs are supported`,
  );
}

/** Whether a commit is part of an import repository; for the monorepo every stored one is. */
async function belongs(
  mono: Monorepo,
  importPath: string | undefined,
  commit: Commit,
): Promise<boolean> {
  if (importPath === undefined) return true;
  const tips = Object.values(mono.importAt(importPath).refs);
  if (tips.includes(commit.oid)) return true;
  const { store } = mono;
  for (const tip of tips) {
    const isAncestor = await store.git
      .run([`--git-dir=${store.gitDir}`, 'merge-base', '--is-ancestor', commit.oid, tip])
      .then(() => true)
      .catch(() => false);
    if (isAncestor) return true;
  }
  return false;
}
