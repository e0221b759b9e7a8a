import { createHash } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ObjectKind } from './hash-object.js';
import type { Oid } from './oid.js';
import { TreeIndex } from './tree-index.js';

/** Trees of more bytes (about 6,000 entries) are read in several turns of the event loop, so that others get theirs (D13). */
export const LARGE_TREE = 256 * 1024;
/** Entries that one turn reads, and looks at: below a millisecond. */
export const ENTRIES_PER_TURN = 4096;
/** Bytes hashed in one turn: about a millisecond. */
const BYTES = 1024 * 1024;

/** As `new TreeIndex`, in several turns. Rejects with `TreeFormatError`. */
export async function indexInTurns(bytes: Uint8Array): Promise<TreeIndex> {
  const tree = new TreeIndex(bytes, ENTRIES_PER_TURN);
  while (!tree.complete) {
    await nextTurn();
    tree.readOn(ENTRIES_PER_TURN);
  }
  return tree;
}

/** As `hashObject`, in several turns. The bytes must not change meanwhile. */
export async function hashInTurns(kind: ObjectKind, bytes: Uint8Array): Promise<Oid> {
  const hash = createHash('sha1').update(`${kind} ${bytes.length}\0`);
  for (let at = 0; at < bytes.length; at += BYTES) {
    hash.update(bytes.subarray(at, at + BYTES));
    await nextTurn();
  }
  return hash.digest('hex') as Oid;
}

/** Calls `step` for 0 … `count` - 1, so many in a turn. */
export async function eachInTurns(count: number, step: (index: number) => void): Promise<void> {
  for (let i = 0; i < count; i++) {
    if (i > 0 && i % ENTRIES_PER_TURN === 0) await nextTurn();
    step(i);
  }
}
