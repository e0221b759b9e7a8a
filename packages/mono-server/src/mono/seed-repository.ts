import type { ObjectStore } from '../git/object-store.js';
import type { BorrowedRepository } from '../git/borrowed.js';
import { MAIN, type StateData } from './state.js';

/** A monorepo whose `main` is the commit at HEAD of a repository, with that repository's tags. */
export async function seedFromRepository(
  store: ObjectStore,
  repository: Pick<BorrowedRepository, 'head' | 'refs'>,
): Promise<StateData> {
  await store.knownCommit(repository.head);
  const root: Record<string, string> = { [MAIN]: repository.head };
  for (const [ref, oid] of repository.refs) if (ref.startsWith('refs/tags/')) root[ref] = oid;
  return {
    version: 1,
    origin: repository.head,
    rows: { '/': root },
    cls: {},
    imports: {},
    tags: {},
  };
}
