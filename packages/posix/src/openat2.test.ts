import fs from 'node:fs';

import { expect, test } from '@jest/globals';

import { O } from './arch.js';
import { failed } from './errno.js';
import { close } from './io.js';
import { openat2, RESOLVE } from './openat2.js';
import { Scratch } from './scratch.js';

test('a path cannot leave its directory, whatever a symlink says', () => {
  using scratch = new Scratch();
  scratch.file('f');
  fs.symlinkSync('/etc', scratch.path + '/out');
  fs.symlinkSync('f', scratch.path + '/in');
  const open = (path: string, resolve: number) => openat2(scratch.fd, path, O.O_RDONLY, resolve);
  expect(open('out/passwd', RESOLVE.BENEATH)).toBe(failed('EXDEV'));
  expect(open('../../etc/passwd', RESOLVE.BENEATH)).toBe(failed('EXDEV'));
  expect(open('in', RESOLVE.NO_SYMLINKS)).toBe(failed('ELOOP'));
  const fd = open('in', RESOLVE.BENEATH);
  expect(fd).toBeGreaterThanOrEqual(0);
  close(fd);
});
