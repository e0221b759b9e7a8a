import { expect, test } from '@jest/globals';
import { encodeTree, hashObject, type Oid, type TreeEntry } from '@scorpiofs/objects';
import fc from 'fast-check';
import { decodeTreeRow, decodeTreeRowInTurns, encodeTreeRow } from './tree-row.js';

const OTHER = 'f'.repeat(40) as Oid;
const size = fc.oneof(fc.constant(-1), fc.nat(), fc.integer({ min: 0, max: 2 ** 48 - 2 }));

function treeOf(count: number): Buffer {
  return encodeTree(
    Array.from({ length: count }, (_, i): TreeEntry => ({
      name: `n${i}` as never,
      kind: 'file',
      oid: OTHER,
    })),
  );
}

test('C05: a listing comes back with its sizes, unknown ones unknown, under its own id and under another', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(size, { minLength: 1, maxLength: 20 }),
      fc.boolean(),
      async (sizes, own) => {
        const body = treeOf(sizes.length);
        const key = own ? hashObject('tree', body) : OTHER;
        const facts = { verified: own, modesKnown: !own };
        const row = encodeTreeRow(key, { body, sizes, ...facts });
        expect(decodeTreeRow(key, row)).toEqual({ body, sizes, ...facts });
        expect(await decodeTreeRowInTurns(key, row)).toEqual({ body, sizes, ...facts });
        const bare = encodeTreeRow(key, { body, ...facts });
        expect(decodeTreeRow(key, bare)).toEqual({ body, ...facts });
      },
    ),
    { numRuns: 50 },
  );
});

test('a row that was cut off, or whose tree was changed, is none', async () => {
  const body = treeOf(3);
  const facts = { verified: true, modesKnown: true };
  for (const key of [hashObject('tree', body), OTHER]) {
    const row = encodeTreeRow(key, { body, sizes: [1, -1, 2], ...facts });
    for (let length = 0; length < row.length; length++)
      expect(decodeTreeRow(key, row.subarray(0, length))).toBeUndefined();
    expect(await decodeTreeRowInTurns(key, row.subarray(0, -1))).toBeUndefined();
    for (let at = row.length - body.length; at < row.length; at++) {
      const other = Buffer.from(row);
      other[at] = (other[at] ?? 0) ^ 1;
      expect(decodeTreeRow(key, other)).toBeUndefined();
    }
  }
});
