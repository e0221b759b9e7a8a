import type { ObjectStore } from '../git/object-store.js';
import type { Person } from '../git/commit-object.js';

/** Author and committer of what the server itself commits. */
export function mega(time = Math.floor(Date.now() / 1000)): Person {
  return { name: 'mega', email: 'mega@localhost', time, zone: '+0000' };
}

export async function serverCommit(
  store: ObjectStore,
  tree: string,
  parents: readonly string[],
  message: string,
  who: Person = mega(),
): Promise<string> {
  return store.writeCommit({ tree, parents, author: who, committer: who, message });
}
