import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import { encodeTree } from './encode-tree.js';
import { hashObject } from './hash-object.js';
import { eachInTurns, ENTRIES_PER_TURN, hashInTurns, indexInTurns } from './in-turns.js';
import type { TreeName } from './name.js';
import type { Oid } from './oid.js';
import { TreeFormatError } from './tree-format-error.js';
import { TreeIndex } from './tree-index.js';
import type { TreeEntry } from './tree.js';

const COUNT = 20_000;
const ENTRIES = Array.from({ length: COUNT }, (_, i): TreeEntry => ({
  name: `file-${i}` as TreeName,
  kind: 'file',
  oid: i.toString(16).padStart(40, '0') as Oid,
}));
// Not in the order of the names, and one of them twice.
const BODY = encodeTree([...ENTRIES, ...ENTRIES.slice(17_000, 17_001)]);

/** Turns of the event loop that others got meanwhile. */
async function turnsOf<T>(work: () => Promise<T>): Promise<[T, number]> {
  let [turns, done] = [0, false];
  const others = (async () => {
    while (!done) {
      await nextTurn();
      turns += 1;
    }
  })();
  try {
    return [await work(), turns];
  } finally {
    done = true;
    await others;
  }
}

test('D13: a large tree is read some thousand entries at a time, and is the same (C10)', async () => {
  const [tree, turns] = await turnsOf(() => indexInTurns(BODY));
  expect(turns).toBeGreaterThanOrEqual(Math.floor(COUNT / ENTRIES_PER_TURN));
  const whole = new TreeIndex(BODY);
  expect(tree.length).toBe(COUNT);
  expect(tree.dropped).toEqual(whole.dropped);
  expect([...tree]).toEqual([...whole]);
  for (const i of [0, 17_000, COUNT - 1]) expect(tree.indexOf(tree.nameAt(i))).toBe(i);
  expect(tree.indexOf('nowhere' as TreeName)).toBe(-1);
  await expect(indexInTurns(BODY.subarray(0, -1))).rejects.toThrow(TreeFormatError);
});

test('D13: what is large is hashed a mebibyte at a time', async () => {
  const bytes = Buffer.alloc(3_000_000, 7);
  const [oid, turns] = await turnsOf(() => hashInTurns('tree', bytes));
  expect(oid).toBe(hashObject('tree', bytes));
  expect(turns).toBeGreaterThanOrEqual(2);
});

test('D13: every entry is looked at once, some thousand in a turn', async () => {
  const seen: number[] = [];
  const [, turns] = await turnsOf(() => eachInTurns(COUNT, (i) => seen.push(i)));
  expect(turns).toBeGreaterThanOrEqual(Math.floor(COUNT / ENTRIES_PER_TURN));
  expect(seen).toEqual(Array.from({ length: COUNT }, (_, i) => i));
});
