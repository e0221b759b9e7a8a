import type { ObjectStore } from '../git/object-store.js';
import type { FileChange } from './tree-diff.js';
import { similarity } from './similarity.js';
import { SUBMODULE } from '../tree/tree-body.js';

const MAX_CHANGES = 1000;
const THRESHOLD = 50;
/** Contents that are compared; larger files count as renamed only when they are the same. */
const MAX_COMPARED = 1024 * 1024;
const MAX_PAIRS = 20_000;

export interface Rename {
  readonly from: FileChange;
  readonly to: FileChange;
  readonly score: number;
}

/** Pairs of deleted and new files that are one file at another path; none above 1000 changes (§1.10). */
export async function findRenames(
  store: ObjectStore,
  changes: readonly FileChange[],
): Promise<Rename[]> {
  if (changes.length > MAX_CHANGES) return [];
  const gone = changes.filter(isGone);
  const fresh = changes.filter(isFresh);
  const renames: Rename[] = [];
  const used = new Set<FileChange>();
  const take = (from: FileChange, to: FileChange, score: number): void => {
    renames.push({ from, to, score });
    used.add(from).add(to);
  };
  for (const to of fresh) {
    const from = gone.find((one) => !used.has(one) && one.before?.oid === to.after?.oid);
    // Empty files are all alike; pairing them would say nothing.
    if (from !== undefined && ((await store.blobSize(to.after?.oid ?? '')) ?? 0) > 0)
      take(from, to, 100);
  }
  const left = gone.filter((one) => !used.has(one));
  const right = fresh.filter((one) => !used.has(one));
  if (left.length * right.length > MAX_PAIRS) return renames;
  const contents = new Map<FileChange, Buffer>();
  for (const one of [...left, ...right]) {
    const oid = (one.after ?? one.before)?.oid ?? '';
    const body = await store.smallBlob(oid, MAX_COMPARED);
    if (body !== undefined && body.length > 0) contents.set(one, body);
  }
  const scored: Rename[] = [];
  for (const from of left)
    for (const to of right) {
      const a = contents.get(from);
      const b = contents.get(to);
      const score = a === undefined || b === undefined ? 0 : similarity(a, b);
      if (score >= THRESHOLD) scored.push({ from, to, score });
    }
  for (const { from, to, score } of scored.toSorted((a, b) => b.score - a.score))
    if (!used.has(from) && !used.has(to)) take(from, to, score);
  return renames;
}

function isGone({ before, after }: FileChange): boolean {
  return before !== undefined && after === undefined && before.mode !== SUBMODULE;
}

function isFresh({ before, after }: FileChange): boolean {
  return before === undefined && after !== undefined && after.mode !== SUBMODULE;
}
