import type { TreeName } from '@scorpiofs/objects';
import type { ObjectStore } from '../git/object-store.js';
import { toText } from '../tree/byte-text.js';
import { findRenames } from './renames.js';
import { diffTrees, type FileChange } from './tree-diff.js';

export interface ChangedFile {
  readonly action: 'new' | 'modified' | 'deleted' | 'renamed';
  readonly path: string;
  /** The new blob; of a deleted file the old one. */
  readonly sha: string;
  readonly oldSha: string | undefined;
  readonly oldPath: string | undefined;
  readonly similarity: number | undefined;
}

const shown = (parts: readonly TreeName[]): string => toText(parts.join('/'));

/** What two trees differ in, as change lists show it: paths without leading slash, bytewise by path (M30, M31). */
export async function changedFiles(
  store: ObjectStore,
  before: string | undefined,
  after: string | undefined,
  withRenames: boolean,
): Promise<ChangedFile[]> {
  const changes = await diffTrees(store, before, after);
  const renames = withRenames ? await findRenames(store, changes) : [];
  const hidden = new Set(renames.map((rename) => rename.from));
  const renamed = new Map(renames.map((rename) => [rename.to, rename]));
  const files: ChangedFile[] = [];
  for (const change of changes) {
    if (hidden.has(change)) continue;
    const rename = renamed.get(change);
    files.push(describe(change, rename?.from, rename?.score));
  }
  return files;
}

function describe(
  { parts, before, after }: FileChange,
  from: FileChange | undefined,
  score: number | undefined,
): ChangedFile {
  const old = from?.before ?? before;
  return {
    action:
      from !== undefined
        ? 'renamed'
        : before === undefined
          ? 'new'
          : after === undefined
            ? 'deleted'
            : 'modified',
    path: shown(parts),
    sha: (after ?? before)?.oid ?? '',
    oldSha: old?.oid,
    oldPath: from === undefined ? undefined : shown(from.parts),
    similarity: score,
  };
}
