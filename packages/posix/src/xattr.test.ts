import fs from 'node:fs';

import { expect, test } from '@jest/globals';

import { O } from './arch.js';
import { CAP, hasCapability } from './capabilities.js';
import { failed } from './errno.js';
import { close } from './io.js';
import { procPath } from './meta.js';
import { openat } from './openat.js';
import { Scratch } from './scratch.js';
import {
  getxattr,
  lgetxattr,
  listxattr,
  llistxattr,
  lremovexattr,
  lsetxattr,
  removexattr,
  setxattr,
  XATTR_CREATE,
  XATTR_REPLACE,
} from './xattr.js';

test('values and names are bytes; by path, by descriptor, and by O_PATH descriptor through /proc', () => {
  using scratch = new Scratch();
  const file = scratch.file('f');
  const fd = openat(scratch.fd, 'f', O.O_RDWR);
  const opath = openat(scratch.fd, 'f', O.O_PATH);
  const value = Buffer.from([0, 255, 10, 0]);
  for (const owner of [file, fd, procPath(opath)]) {
    expect(listxattr(owner)).toEqual([]);
    expect(setxattr(owner, 'user.\xff\xfe', value)).toBe(0);
    expect(setxattr(owner, 'user.empty', Buffer.alloc(0))).toBe(0);
    expect(getxattr(owner, 'user.\xff\xfe')).toEqual(value);
    expect(getxattr(owner, 'user.empty')).toEqual(Buffer.alloc(0));
    expect(setxattr(owner, 'user.long', Buffer.alloc(1000, 7))).toBe(0);
    expect(getxattr(owner, 'user.long')).toEqual(Buffer.alloc(1000, 7));
    expect(removexattr(owner, 'user.long')).toBe(0);
    expect(getxattr(owner, 'user.none')).toBe(failed('ENODATA'));
    expect(listxattr(owner)).toEqual(expect.arrayContaining(['user.\xff\xfe', 'user.empty']));
    expect(setxattr(owner, 'user.empty', value, XATTR_CREATE)).toBe(failed('EEXIST'));
    expect(setxattr(owner, 'user.none', value, XATTR_REPLACE)).toBe(failed('ENODATA'));
    expect(removexattr(owner, 'user.empty')).toBe(0);
    expect(removexattr(owner, 'user.\xff\xfe')).toBe(0);
    expect(removexattr(owner, 'user.empty')).toBe(failed('ENODATA'));
  }
  expect(getxattr(opath, 'user.none')).toBe(failed('EBADF'));
  close(fd);
  close(opath);
});

(hasCapability(CAP.SYS_ADMIN) ? test : test.skip)(
  'of a symlink itself, by path and by O_PATH descriptor (trusted.*, needs CAP_SYS_ADMIN)',
  () => {
    using scratch = new Scratch();
    const file = scratch.file('f');
    const link = scratch.path + '/s';
    fs.symlinkSync('f', link);
    expect(lsetxattr(link, 'trusted.x', Buffer.from('of link'))).toBe(0);
    expect(lgetxattr(link, 'trusted.x')).toEqual(Buffer.from('of link'));
    expect(llistxattr(link)).toContain('trusted.x');
    expect(getxattr(link, 'trusted.x')).toBe(failed('ENODATA'));
    expect(listxattr(file)).not.toContain('trusted.x');
    const opath = openat(scratch.fd, 's', O.O_PATH | O.O_NOFOLLOW);
    expect(getxattr(procPath(opath), 'trusted.x')).toEqual(Buffer.from('of link'));
    close(opath);
    expect(lremovexattr(link, 'trusted.x')).toBe(0);
    expect(lremovexattr(link, 'trusted.x')).toBe(failed('ENODATA'));
  },
);
