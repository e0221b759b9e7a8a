import { expect, test } from '@jest/globals';
import fc from 'fast-check';

import { IdMap } from './id-map.js';

test('a map of ids is what a Map is, for dense and for odd keys', () => {
  const key = fc.oneof(fc.nat(200), fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }));
  const step = fc.record({ id: key, value: fc.option(fc.nat(), { nil: undefined }) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const [map, model] = [new IdMap<{ n: number }>(), new Map<number, { n: number }>()];
      for (const { id, value } of steps) {
        if (value === undefined) {
          map.delete(id);
          model.delete(id);
        } else {
          map.set(id, { n: value });
          model.set(id, { n: value });
        }
        expect([map.size, map.get(id), map.has(id)]).toEqual([
          model.size,
          model.get(id),
          model.has(id),
        ]);
      }
      const numbers = (values: Iterable<{ n: number }>) =>
        [...values].map((v) => v.n).sort((a, b) => a - b);
      expect(numbers(map.values())).toEqual(numbers(model.values()));
      map.clear();
      expect([map.size, [...map.values()]]).toEqual([0, []]);
    }),
    { numRuns: 50 },
  );
});
