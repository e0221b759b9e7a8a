import fs from 'node:fs';

import { expect, test } from '@jest/globals';

import { O } from './arch.js';
import { CAP, hasCapability } from './capabilities.js';
import { failed } from './errno.js';
import { FileHandle, nameToHandleAt, openByHandleAt } from './handle.js';
import { close } from './io.js';
import { openat } from './openat.js';
import { Scratch } from './scratch.js';
import { AT_EMPTY_PATH } from './stat.js';

(hasCapability(CAP.DAC_READ_SEARCH) ? test : test.skip)(
  'a handle finds its file after a rename and says ESTALE after its end (needs CAP_DAC_READ_SEARCH)',
  () => {
    using scratch = new Scratch();
    scratch.file('f', 'content');
    const handle = new FileHandle();
    expect(nameToHandleAt(scratch.fd, 'f', handle)).toBe(0);
    const key = handle.key;
    const opath = openat(scratch.fd, 'f', O.O_PATH);
    expect(nameToHandleAt(opath, '', handle, AT_EMPTY_PATH)).toBe(0);
    expect(handle.key).toBe(key);
    expect(handle.mountId).toBeGreaterThan(0);
    close(opath);
    fs.renameSync(scratch.path + '/f', scratch.path + '/g');
    const fd = openByHandleAt(scratch.fd, key, O.O_RDONLY);
    expect(fs.readFileSync(fd, 'utf8')).toBe('content');
    close(fd);
    fs.unlinkSync(scratch.path + '/g');
    expect(openByHandleAt(scratch.fd, key, O.O_PATH)).toBe(failed('ESTALE'));
  },
);

test('errors are values, and a key that is no handle opens nothing', () => {
  using scratch = new Scratch();
  expect(nameToHandleAt(scratch.fd, 'none', new FileHandle())).toBe(failed('ENOENT'));
  expect(openByHandleAt(scratch.fd, 'x'.repeat(500), O.O_PATH)).toBe(failed('EINVAL'));
});
