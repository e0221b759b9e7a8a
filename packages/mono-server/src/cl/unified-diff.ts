import { GitFailure } from '../git/git.js';
import type { ObjectStore } from '../git/object-store.js';
import type { ChangedFile } from './changed-files.js';

const EMPTY_BLOB = 'e69de29bb2d1d6434b8b29ae775ad8c2e48c5391';
const HUNK = /^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@.*$/;

/** A file's change in the text form of the original: counts are always written, and begin at 1 for new files (§1.10). */
export async function unifiedDiff(store: ObjectStore, file: ChangedFile): Promise<string> {
  const { action, path, sha, oldSha, oldPath } = file;
  const short = (oid: string | undefined): string => (oid ?? '').slice(0, 7);
  const head = [`diff --git a/${oldPath ?? path} b/${path}`];
  if (action === 'renamed')
    head.push(
      `similarity index ${file.similarity ?? 0}%`,
      `rename from ${oldPath ?? ''}`,
      `rename to ${path}`,
    );
  const from = action === 'new' ? undefined : oldSha;
  const to = action === 'deleted' ? undefined : sha;
  if (action === 'renamed' && from === to) return `${head.join('\n')}\n`;
  if (action === 'new') head.push('new file mode 100644');
  if (action === 'deleted') head.push('deleted file mode 100644');
  head.push(`index ${short(from) || '0000000'}..${short(to) || '0000000'} 100644`);
  head.push(
    action === 'new' || action === 'deleted' ? '--- /dev/null' : `--- a/${oldPath ?? path}`,
  );
  head.push(`+++ b/${path}`);
  return `${[...head, ...(await hunks(store, from, to))].join('\n')}\n`;
}

/** Hunks between two blobs; a missing side is the empty blob. */
async function hunks(
  store: ObjectStore,
  from: string | undefined,
  to: string | undefined,
): Promise<string[]> {
  for (const [oid, other] of [
    [from, to],
    [to, from],
  ] as const)
    if (oid === undefined && other === EMPTY_BLOB) return [];
  if (from === undefined || to === undefined) await store.write('blob', Buffer.alloc(0));
  let text: string;
  try {
    text = await store.git.text([
      `--git-dir=${store.gitDir}`,
      'diff',
      '--text',
      '--no-color',
      '--no-ext-diff',
      '--no-textconv',
      '--unified=3',
      '--end-of-options',
      from ?? EMPTY_BLOB,
      to ?? EMPTY_BLOB,
    ]);
  } catch (error) {
    // The target of a submodule is no blob.
    if (error instanceof GitFailure) return [];
    throw error;
  }
  const lines = text.split('\n');
  const start = lines.findIndex((line) => HUNK.test(line));
  return start < 0
    ? []
    : lines
        .slice(start)
        .filter((line) => !line.startsWith('\\ '))
        .map(withCounts);
}

function withCounts(line: string): string {
  const match = HUNK.exec(line);
  if (match === null) return line;
  const [, oldAt = '1', oldCount = '1', newAt = '1', newCount = '1'] = match;
  const at = (text: string): string => (text === '0' ? '1' : text);
  return `@@ -${at(oldAt)},${oldCount} +${at(newAt)},${newCount} @@`;
}
