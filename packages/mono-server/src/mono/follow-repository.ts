import type { BorrowedRepository } from '../git/borrowed.js';
import type { MonoServerEvent } from '../options.js';
import { placeholderText } from './imports.js';
import type { Monorepo } from './monorepo.js';
import { renewPlaceholder } from './placeholder.js';
import { pathParts } from './rows.js';
import { mega } from './server-commit.js';
import { MAIN } from './state.js';

export function tagsOf(
  repository: Pick<BorrowedRepository, 'refs'> | undefined,
): Record<string, string> {
  const tags: Record<string, string> = {};
  for (const [ref, oid] of repository?.refs ?? [])
    if (ref.startsWith('refs/tags/')) tags[ref] = oid;
  return tags;
}

/**
 * When the repository has moved since it was looked at last, `main` follows, unless change lists were merged on top of the old commit: those must
 * not be lost, so `main` stays and an event says so.
 */
export async function followRepository(
  mono: Monorepo,
  repository: Pick<BorrowedRepository, 'head' | 'refs'>,
  onEvent: (event: MonoServerEvent) => void,
): Promise<void> {
  const { origin, rows } = mono.state;
  if (origin.head === repository.head) {
    rows['/'] = { ...tagsOf(repository), ...rows['/'] };
    return;
  }
  if (mono.head !== origin.main) {
    onEvent({
      level: 'warn',
      event: 'repository_moved',
      from: origin.head,
      to: repository.head,
      kept: mono.head,
    });
    return;
  }
  await dropChangedRows(mono, repository.head);
  rows['/'] = { [MAIN]: repository.head, ...ownTags(mono), ...tagsOf(repository) };
  origin.head = repository.head;
  const { time } = (await mono.store.knownCommit(repository.head)).committer;
  for (const [path, one] of Object.entries(mono.state.imports))
    one.keep = await renewPlaceholder(
      mono,
      path,
      placeholderText(path, one.borrowed ?? ''),
      `import ${path}`,
      mega(time),
    );
  origin.main = mono.head;
}

/** Tags that were made here, not in the repository. */
function ownTags(mono: Monorepo): Record<string, string> {
  const tags = Object.entries(mono.state.rows['/'] ?? {});
  return Object.fromEntries(tags.filter(([ref]) => mono.state.tagTimes[ref] !== undefined));
}

/**
 * Rows of directories that the new commit changes go: they are synthesized from it when somebody asks again. The others stay, and
 * with them the change lists that were begun there.
 */
async function dropChangedRows(mono: Monorepo, head: string): Promise<void> {
  const { rows } = mono.state;
  const before = await mono.rootTree();
  const after = (await mono.store.knownCommit(head)).tree;
  for (const dir of Object.keys(rows)) {
    if (dir === '/') continue;
    const parts = pathParts(dir);
    const now = await mono.directory(after, parts);
    if (now === undefined || now !== (await mono.directory(before, parts))) delete rows[dir];
  }
}
