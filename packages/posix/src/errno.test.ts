import os from 'node:os';

import { expect, test } from '@jest/globals';

import { errno, errnoName, failed } from './errno.js';

test('the numbers are those of this machine', () => {
  for (const [name, number] of Object.entries(os.constants.errno)) {
    if (name === 'EWOULDBLOCK' || name === 'ENOTSUP') continue; // second names of EAGAIN and EOPNOTSUPP
    expect(errno).toHaveProperty(name, number);
  }
});

test('names for positive, negative and unknown numbers', () => {
  expect([errnoName(2), errnoName(-116), errnoName(4711)]).toEqual([
    'ENOENT',
    'ESTALE',
    'errno 4711',
  ]);
  expect(failed('ENOENT')).toBe(-2);
});
