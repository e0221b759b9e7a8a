import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fetchChangeList, gitTree, type Wire } from '@scorpiofs/mega-client';
import type { EntryKind, RepoPath } from '@scorpiofs/objects';

/** A fetch brings the directory's whole history with it, so it may not be worth its time. */
const LIMIT_MS = 15_000;

/** Kinds of the change list's files by path in its directory. Undefined: they cannot be had by git. */
export async function changeListKinds(
  wire: Wire,
  link: string,
  directory: RepoPath,
): Promise<((path: RepoPath) => EntryKind | undefined) | undefined> {
  const folder = await mkdtemp(join(tmpdir(), 'scorpio-cl-'));
  try {
    const signal = AbortSignal.timeout(LIMIT_MS);
    const question = { directory, link, gitDir: join(folder, 'git') };
    const { gitDir, tree } = await fetchChangeList(wire, question, { signal });
    const entries = await gitTree(gitDir, tree, { signal });
    return (path) => entries.get(path)?.kind;
  } catch {
    return undefined;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
