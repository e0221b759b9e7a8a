import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { runSize, runStarts, type Block } from './block.js';
import { decodeBlock, encodeBlock } from './block-row.js';

describe('runs of numbers', () => {
  test('a run is found from any of its numbers', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5000 }), fc.nat(100_000), fc.nat(), (count, at, i) => {
        const size = runSize(count);
        const start = size * (at + 1);
        expect(size).toBeGreaterThanOrEqual(count);
        expect([...runStarts(start + (i % count), 2 ** 30)]).toContain(start);
      }),
      { numRuns: 200 },
    );
  });

  test('rows say what was written, and refuse what was not', () => {
    const number = fc.integer({ min: 0, max: 2 ** 34 - 1 });
    const block = fc.array(fc.tuple(number, number), { maxLength: 20 }).chain((kept) =>
      fc.record({
        start: number,
        time: fc.integer({ min: 0, max: 2 ** 44 }),
        count: fc.constant(kept.length),
        kept: fc.constantFrom(undefined, {
          places: Float64Array.from(kept, ([place]) => place),
          times: Float64Array.from(kept, ([, time]) => time),
        }),
      }),
    );
    fc.assert(
      fc.property(block, (one: Block) => {
        const row = encodeBlock(one);
        expect(decodeBlock(row)).toEqual(one);
        expect(decodeBlock(row.subarray(1))).toBeUndefined();
        expect(decodeBlock(Buffer.concat([row, Buffer.from([0])]))).toBeUndefined();
      }),
      { numRuns: 100 },
    );
  });
});
