import { expect, test } from '@jest/globals';
import { modifiedMs } from './thread-state.js';

test('the time of modification stands behind the known time of access', () => {
  const state = Buffer.alloc(300);
  state.writeBigUInt64LE(1_000n, 104);
  state.writeBigUInt64LE(2_000n, 112);
  expect(modifiedMs(state, 1_000)).toBe(2_000);
});

test('memory that is laid out otherwise gives no time rather than a wrong one (D6)', () => {
  expect(modifiedMs(Buffer.alloc(300), 1_000)).toBeUndefined();
  expect(modifiedMs(Buffer.alloc(50), 0)).toBeUndefined();
});
