import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { EMPTY_BLOB } from '@scorpiofs/objects';
import { Listing, UNKNOWN } from './listing.js';
import { encodeSizes, fillSizes } from './size-row.js';

function listing(count: number): Listing {
  const entry = { kind: 'file', oid: EMPTY_BLOB } as const;
  return new Listing(
    Array.from({ length: count }, (_, i) => ({ ...entry, name: `${i}` as never })),
  );
}

test('sizes come back as they were, unknown ones unknown; a row of another length says nothing', () => {
  const size = fc.oneof(fc.constant(UNKNOWN), fc.nat(), fc.integer({ min: 0, max: 2 ** 48 - 2 }));
  fc.assert(
    fc.property(fc.array(size, { maxLength: 30 }), (sizes) => {
      const before = listing(sizes.length);
      before.sizes.splice(0, sizes.length, ...sizes);
      const row = encodeSizes(before);
      const after = listing(sizes.length);
      fillSizes(after, row);
      expect(after.sizes).toEqual(sizes);
      const other = listing(sizes.length + 1);
      fillSizes(other, row);
      expect(new Set(other.sizes)).toEqual(new Set([UNKNOWN]));
    }),
    { numRuns: 50 },
  );
});
