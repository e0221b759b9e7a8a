import { closeSync, openSync, readSync } from 'node:fs';

import { expect, test } from '@jest/globals';

import { O } from './arch.js';
import { dup3, setStatusFlags, statusFlags } from './dup.js';

test('a number becomes a duplicate of another, and what it was is closed', () => {
  const zero = openSync('/dev/zero', 'r');
  const other = openSync('/dev/null', 'r');
  try {
    const into = Buffer.alloc(4, 1);
    expect(readSync(other, into)).toBe(0);
    expect(dup3(zero, other, O.O_CLOEXEC)).toBe(other);
    expect(readSync(other, into)).toBe(4);
    expect(dup3(-1, other)).toBe(-9);
  } finally {
    closeSync(zero);
    closeSync(other);
  }
});

test('status flags are shared by duplicates', () => {
  const fd = openSync('/dev/null', 'r');
  const copy = openSync('/dev/null', 'r');
  try {
    dup3(fd, copy);
    expect(statusFlags(fd) & O.O_NONBLOCK).toBe(0);
    expect(setStatusFlags(fd, statusFlags(fd) | O.O_NONBLOCK)).toBe(0);
    expect(statusFlags(copy) & O.O_NONBLOCK).toBe(O.O_NONBLOCK);
    expect(statusFlags(-1)).toBe(-9);
  } finally {
    closeSync(fd);
    closeSync(copy);
  }
});
