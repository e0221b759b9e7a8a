import fs from 'node:fs';

import { expect, test } from '@jest/globals';

import { O } from './arch.js';
import { CAP, hasCapability } from './capabilities.js';
import { failed } from './errno.js';
import { nameToHandleAt, openByHandleAt } from './handle.js';
import { close } from './io.js';
import { made } from './made.js';
import { openat } from './openat.js';
import { Scratch } from './scratch.js';
import { AT_EMPTY_PATH } from './stat.js';

(hasCapability(CAP.DAC_READ_SEARCH) ? test : test.skip)(
  'a handle finds its file after a rename and says ESTALE after its end (needs CAP_DAC_READ_SEARCH)',
  () => {
    using scratch = new Scratch();
    scratch.file('f', 'content');
    const handle = made(nameToHandleAt(scratch.fd, 'f'));
    const opath = openat(scratch.fd, 'f', O.O_PATH);
    expect(nameToHandleAt(opath, '', AT_EMPTY_PATH)).toEqual(handle);
    close(opath);
    fs.renameSync(scratch.path + '/f', scratch.path + '/g');
    const fd = openByHandleAt(scratch.fd, handle.bytes, O.O_RDONLY);
    expect(fs.readFileSync(fd, 'utf8')).toBe('content');
    close(fd);
    fs.unlinkSync(scratch.path + '/g');
    expect(openByHandleAt(scratch.fd, handle.bytes, O.O_PATH)).toBe(failed('ESTALE'));
  },
);

test('errors are values', () => {
  using scratch = new Scratch();
  expect(nameToHandleAt(scratch.fd, 'none')).toBe(failed('ENOENT'));
});
