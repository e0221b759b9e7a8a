import { expect, test } from '@jest/globals';

import { O } from './arch.js';
import { failed } from './errno.js';
import { flock, flockAsync, LOCK } from './flock.js';
import { close } from './io.js';
import { openat } from './openat.js';
import { Scratch } from './scratch.js';

test('two open files exclude each other, and the waiter gets the lock when it is free', async () => {
  using scratch = new Scratch();
  scratch.file('f');
  const one = openat(scratch.fd, 'f', O.O_RDONLY);
  const two = openat(scratch.fd, 'f', O.O_RDONLY);
  expect(flock(one, LOCK.EX)).toBe(0);
  expect(flock(two, LOCK.SH | LOCK.NB)).toBe(failed('EAGAIN'));
  const waiting = flockAsync(two, LOCK.EX);
  expect(flock(one, LOCK.UN)).toBe(0);
  expect(await waiting).toBe(0);
  expect(flock(one, LOCK.EX | LOCK.NB)).toBe(failed('EAGAIN'));
  close(one);
  close(two);
});
