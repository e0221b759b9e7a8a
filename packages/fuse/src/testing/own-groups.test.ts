import { expect, test } from '@jest/globals';

import { dropGroups, ownGroups } from './own-groups.js';

const isRoot = process.getuid?.() === 0;
const rootTest = isRoot ? test : test.skip;
const why = isRoot ? '' : ' (skipped: only root may change its groups)';

/** A root shell has group 0 as a supplementary one: users that a test acts for would have it too. */
rootTest(`groups of root are not those of the users that it acts for${why}`, () => {
  const before = ownGroups();
  try {
    process.setgroups?.([0, 12]);
    expect(ownGroups()).toEqual([0, 12]);
    dropGroups();
    expect(ownGroups()).toEqual([]);
  } finally {
    process.setgroups?.(before);
  }
});
