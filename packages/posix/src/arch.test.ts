import { constants } from 'node:fs';

import { expect, test } from '@jest/globals';

import { forThisArch, O, openFlags, syscallNumbers } from './arch.js';

test('the open flags of this machine are those Node knows', () => {
  for (const [name, value] of Object.entries(O)) {
    const nodes: unknown = Object.entries(constants).find(([key]) => key === name)?.[1];
    // Node on 64-bit machines has no O_LARGEFILE, and a few of the others not at all.
    if (nodes !== undefined) expect([name, value]).toEqual([name, nodes]);
  }
});

test('issue 3 item 2: arm64 has its own values of the four flags that look eternal', () => {
  expect(forThisArch(openFlags, 1)).toMatchObject({
    O_DIRECTORY: 0o40000,
    O_NOFOLLOW: 0o100000,
    O_DIRECT: 0o200000,
    O_LARGEFILE: 0o400000,
    O_TMPFILE: 0o20040000,
  });
});

test('no two system calls share a number, on either architecture', () => {
  for (const column of [0, 1] as const) {
    const numbers = Object.values(forThisArch(syscallNumbers, column));
    expect(new Set(numbers).size).toBe(numbers.length);
  }
});
