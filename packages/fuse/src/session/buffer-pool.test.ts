import { expect, test } from '@jest/globals';

import { BufferPool } from './buffer-pool.js';

test('gives the smallest step that fits, again and again, and keeps only so many', () => {
  const pool = new BufferPool([10, 100], 1);
  const [small, large, huge] = [pool.take(5), pool.take(11), pool.take(1000)];
  expect([small.length, large.length, huge.length]).toEqual([10, 100, 1000]);
  const second = pool.take(10);
  for (const buffer of [small, second, large, huge]) pool.give(buffer);
  expect(pool.take(1)).toBe(small);
  expect(pool.take(1)).not.toBe(second);
  expect(pool.take(100)).toBe(large);
  expect(pool.take(1000)).not.toBe(huge);
});
