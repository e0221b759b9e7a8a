import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Something that differs once HEAD of a repository, its branch or its tags have moved. A few `stat`s and no git, so that it can be
 * asked for before every answer about what is newest.
 */
export function refsStamp(gitDir: string, commonDir: string): string {
  const head = join(gitDir, 'HEAD');
  const parts = [stamp(head)];
  const ref = parts[0] === '' ? undefined : branchOf(head);
  if (ref !== undefined) parts.push(ref, stamp(join(commonDir, ref)));
  for (const name of ['packed-refs', 'refs/tags', 'reftable/tables.list'])
    parts.push(stamp(join(commonDir, name)));
  return parts.join('\n');
}

/** Git writes beside and renames, so a new content has a new inode, or at least another time. */
function stamp(path: string): string {
  const found = statSync(path, { bigint: true, throwIfNoEntry: false });
  if (found === undefined) return '';
  return `${found.ino} ${found.size} ${found.mtimeNs}`;
}

function branchOf(head: string): string | undefined {
  try {
    const ref = /^ref: (refs\/\S+)/.exec(readFileSync(head, 'utf8'))?.[1];
    return ref === undefined || ref.split('/').includes('..') ? undefined : ref;
  } catch {
    return undefined;
  }
}
