import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Attr, Entry, NodeId } from '../filesystem.js';
import type { Name } from '../name.js';
import { ENTRY_SIZE, putEntry } from '../protocol/attr.js';
import { DIRENT } from '../protocol/structs.js';
import { Listing } from './listing.js';

const few = (...values: number[]) => fc.constantFrom(...values);
const attr: fc.Arbitrary<Attr> = fc.record({
  ino: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  size: fc.nat(),
  blocks: fc.nat(),
  mode: few(0o100644, 0o040755),
  nlink: few(1, 2),
  uid: few(0, 1000),
  gid: few(0, 1000),
  rdev: few(0, 7),
  blksize: few(4096, 512),
  atimeNs: fc.constantFrom(5n, 10n ** 18n),
  mtimeNs: fc.constantFrom(5n, 10n ** 18n),
  ctimeNs: fc.constantFrom(5n, 10n ** 18n),
});
const entry: fc.Arbitrary<Entry> = fc.record({
  node: fc.nat().map((n) => (n + 1) as NodeId),
  generation: few(0, 3),
  attr,
  attrTtl: few(1, Infinity),
  entryTtl: few(1, Infinity),
});

test('an entry is written as it would be alone, whatever stands before it and whoever uses its objects again', () => {
  fc.assert(
    fc.property(fc.array(entry, { maxLength: 12 }), (entries) => {
      const listing = new Listing(true, Buffer.alloc(8192, 0xee), 16, 8192);
      const used: { node?: NodeId; attr: Partial<Attr> } = { attr: {} };
      entries.forEach((one, i) => {
        // A name that cannot be encoded leaves its entry out, and what it has written must not be copied.
        if (i % 3 === 2)
          expect(() => listing.addEntry('x' as Name, { ...one }, -1)).toThrow(RangeError);
        Object.assign(used, one, { attr: Object.assign(used.attr, one.attr) });
        expect(listing.addEntry('n' as Name, used as Entry, i + 1)).toBe(true);
        const at = 16 + i * (ENTRY_SIZE + 32);
        const alone = Buffer.alloc(ENTRY_SIZE);
        putEntry(alone, 0, one);
        expect(listing.buffer.subarray(at, at + ENTRY_SIZE)).toEqual(alone);
        expect(listing.buffer.readBigUInt64LE(at + ENTRY_SIZE)).toBe(one.attr.ino);
        const name = at + ENTRY_SIZE + DIRENT.size;
        expect(listing.buffer.subarray(name, name + 8).toString('latin1')).toBe('n\0\0\0\0\0\0\0');
      });
    }),
    { numRuns: 100 },
  );
});
