import { createHash } from 'node:crypto';
import type { BorrowedRepository } from '../git/borrowed.js';
import type { MonoServerEvent } from '../options.js';
import type { Monorepo } from './monorepo.js';
import { renewPlaceholder } from './placeholder.js';
import { mega } from './server-commit.js';

function fingerprint(refs: Readonly<Record<string, string>>): string {
  const lines = Object.keys(refs)
    .toSorted()
    .map((ref) => `${ref} ${refs[ref]}`);
  return createHash('sha256').update(lines.join('\n')).digest('hex');
}

export function placeholderText(path: string, borrowed: string): string {
  return `Import of ${path}\n${borrowed}\n`;
}

/**
 * Registers a repository of this machine as import repository, or brings a registered one up to date. What was pushed to it here
 * is kept. The placeholder depends only on path and refs, so the same start gives the same root commit. Within `change` only.
 */
export async function registerImport(
  mono: Monorepo,
  path: string,
  source: BorrowedRepository,
  onEvent: (event: MonoServerEvent) => void,
): Promise<void> {
  const refs: Record<string, string> = Object.fromEntries(source.refs);
  const defaultRef = `refs/heads/${source.branch}`;
  refs[defaultRef] = source.head;
  const borrowed = fingerprint(refs);
  const known = mono.state.imports[path];
  if (known !== undefined && known.borrowed === borrowed) return;
  if (
    known !== undefined &&
    known.borrowed !== null &&
    fingerprint(known.refs) !== known.borrowed
  ) {
    onEvent({ level: 'warn', event: 'import_moved', path });
    return;
  }
  const head = await mono.store.knownCommit(mono.head);
  const keep = await renewPlaceholder(
    mono,
    path,
    placeholderText(path, borrowed),
    `import ${path}`,
    mega(head.committer.time),
  );
  mono.state.imports[path] = {
    refs,
    defaultBranch: source.branch,
    keep,
    pushers: {},
    tagTimes: {},
    borrowed,
  };
}
