import { describe, expect, test } from '@jest/globals';
import { MemoryStore } from '../testing/memory-store.js';
import { runSize } from './block.js';
import { LAST_PLACE } from './node-id.js';
import { numberRow, PlaceCounter } from './place-counter.js';

describe('PlaceCounter', () => {
  test('hands out no number twice, over restarts and between processes', () => {
    const store = new MemoryStore();
    const counters = [new PlaceCounter(store, 'n'), new PlaceCounter(store, 'n')];
    const taken: [number, number][] = [];
    for (let i = 0; i < 300; i++) {
      if (i % 50 === 49) counters[i % 2] = new PlaceCounter(store, 'n');
      const count = [3, 9, 4000, 100_000, 1][i % 5] ?? 1;
      const start = counters[i % 2]?.take(count) ?? 0;
      expect(start % runSize(count)).toBe(0);
      expect(start).toBeGreaterThanOrEqual(8);
      taken.push([start, start + count]);
    }
    taken.sort(([a], [b]) => a - b);
    for (const [i, [start]] of taken.entries())
      expect(start).toBeGreaterThanOrEqual(taken[i - 1]?.[1] ?? 0);
  });

  test('says when all numbers are used', () => {
    const store = new MemoryStore();
    store.putFact('n', numberRow(LAST_PLACE - 10));
    const counter = new PlaceCounter(store, 'n');
    expect(() => counter.take(1)).toThrow(expect.objectContaining({ code: 'DICFUSE_OUT_OF_IDS' }));
  });
});
