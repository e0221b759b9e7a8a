import type { ObjectStore } from '../git/object-store.js';

const MAX_DEPTH = 10;

/** Follows annotated tags to what they name at last; `undefined` where that is missing. */
export async function peel(store: ObjectStore, oid: string): Promise<string | undefined> {
  let at = oid;
  for (let depth = 0; depth < MAX_DEPTH; depth++) {
    const info = await store.infoOf(at);
    if (info?.type !== 'tag') return info === undefined ? undefined : at;
    const next = /^object ([0-9a-f]{40})$/m.exec((await store.tag(at)) ?? '')?.[1];
    if (next === undefined) return undefined;
    at = next;
  }
  return undefined;
}
