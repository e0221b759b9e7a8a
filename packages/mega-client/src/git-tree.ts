import {
  kindOfMode,
  parseOid,
  type EntryKind,
  type Oid,
  type RepoPath,
  type RequestOptions,
} from '@scorpiofs/objects';
import { broken } from './failures.js';
import { git } from './git-process.js';

export interface GitEntry {
  readonly kind: EntryKind;
  readonly oid: Oid;
}

/**
 * Everything below a commit or tree of a local repository, by path from its root (`/src/a.ts`), directories left out.
 */
export async function gitTree(
  gitDir: string,
  oid: Oid,
  { signal }: RequestOptions = {},
): Promise<ReadonlyMap<RepoPath, GitEntry>> {
  const output = await git([`--git-dir=${gitDir}`, 'ls-tree', '-r', '-z', '--full-tree', oid], {
    signal,
    limit: 1024 * 1024 * 1024,
  });
  const found = new Map<RepoPath, GitEntry>();
  for (const line of output.toString('latin1').split('\0')) {
    if (line === '') continue;
    const parts = /^([0-7]{6}) [a-z]+ ([0-9a-f]{40})\t([^]+)$/.exec(line);
    const [, mode, id, path] = parts ?? [];
    const kind = mode === undefined ? undefined : kindOfMode(mode);
    if (kind === undefined || id === undefined || path === undefined)
      throw broken(`tree ${oid}`, 'git lists what is no entry');
    found.set(`/${path}`, { kind, oid: parseOid(id) });
  }
  return found;
}
