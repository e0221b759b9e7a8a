import fs from 'node:fs';

import { expect, test } from '@jest/globals';

import { faccessat, R_OK, X_OK } from './access.js';
import { failed } from './errno.js';
import { Scratch } from './scratch.js';
import { AT_SYMLINK_NOFOLLOW } from './stat.js';

test('faccessat answers for a name, and for a symlink itself', () => {
  using scratch = new Scratch();
  scratch.file('f');
  fs.symlinkSync('gone', scratch.path + '/s');
  expect(faccessat(scratch.fd, 'f', R_OK)).toBe(0);
  // Even root may execute nothing that has no x bit.
  expect(faccessat(scratch.fd, 'f', X_OK)).toBe(failed('EACCES'));
  expect(faccessat(scratch.fd, 's', R_OK)).toBe(failed('ENOENT'));
  expect(faccessat(scratch.fd, 's', R_OK, AT_SYMLINK_NOFOLLOW)).toBe(0);
});
