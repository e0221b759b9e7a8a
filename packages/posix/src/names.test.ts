import fs from 'node:fs';

import { expect, test } from '@jest/globals';

import { hasCapability, CAP } from './capabilities.js';
import { failed } from './errno.js';
import {
  linkat,
  mkdirat,
  mknodat,
  readlinkat,
  RENAME,
  renameat2,
  symlinkat,
  unlinkat,
} from './names.js';
import { Scratch } from './scratch.js';
import {
  AT_REMOVEDIR,
  AT_SYMLINK_FOLLOW,
  AT_SYMLINK_NOFOLLOW,
  makedev,
  S,
  Stat,
  statx,
} from './stat.js';

const stat = new Stat();

test('names that are not UTF-8, of 255 bytes, and one byte too long', () => {
  using scratch = new Scratch();
  const odd = '\xff\xfe'.padEnd(255, '\x80');
  expect(mkdirat(scratch.fd, odd, 0o755)).toBe(0);
  const [name] = fs.readdirSync(scratch.path, { encoding: 'buffer' });
  expect(name?.toString('latin1')).toBe(odd);
  expect(unlinkat(scratch.fd, odd)).toBe(failed('EISDIR'));
  expect(unlinkat(scratch.fd, Buffer.from(odd, 'latin1'), AT_REMOVEDIR)).toBe(0);
  expect(mkdirat(scratch.fd, 'x'.repeat(256), 0o755)).toBe(failed('ENAMETOOLONG'));
  expect(mkdirat(scratch.fd, 'a\0b', 0o755)).toBe(failed('ENAMETOOLONG'));
  expect(fs.readdirSync(scratch.path)).toEqual([]);
});

test('renameat2 replaces, refuses to replace, and exchanges', () => {
  using scratch = new Scratch();
  scratch.file('a', 'A');
  scratch.file('b', 'B');
  const read = (name: string) => fs.readFileSync(`${scratch.path}/${name}`, 'utf8');
  expect(renameat2(scratch.fd, 'a', scratch.fd, 'b', RENAME.NOREPLACE)).toBe(failed('EEXIST'));
  expect(renameat2(scratch.fd, 'a', scratch.fd, 'b', RENAME.EXCHANGE)).toBe(0);
  expect([read('a'), read('b')]).toEqual(['B', 'A']);
  expect(renameat2(scratch.fd, 'a', scratch.fd, 'b')).toBe(0);
  expect(fs.readdirSync(scratch.path)).toEqual(['b']);
  expect(read('b')).toBe('B');
});

test('links: hard, through and of a symlink; targets are bytes', () => {
  using scratch = new Scratch();
  scratch.file('f', 'data');
  expect(symlinkat('f', scratch.fd, 's')).toBe(0);
  expect(linkat(scratch.fd, 's', scratch.fd, 'hard', AT_SYMLINK_FOLLOW)).toBe(0);
  expect(linkat(scratch.fd, 's', scratch.fd, 's2')).toBe(0);
  expect(fs.statSync(scratch.path + '/f').nlink).toBe(2);
  expect(readlinkat(scratch.fd, 's2')).toEqual(Buffer.from('f'));
  const target = '\xff/'.repeat(2000);
  expect(symlinkat(target, scratch.fd, 'long')).toBe(0);
  expect(readlinkat(scratch.fd, 'long')).toEqual(Buffer.from(target, 'latin1'));
  expect(readlinkat(scratch.fd, 'f')).toBe(failed('EINVAL'));
});

test('a FIFO and a socket node by mknodat', () => {
  using scratch = new Scratch();
  expect(mknodat(scratch.fd, 'p', S.IFIFO | 0o600)).toBe(0);
  expect(mknodat(scratch.fd, 's', S.IFSOCK | 0o600)).toBe(0);
  expect(fs.lstatSync(scratch.path + '/p').isFIFO()).toBe(true);
  expect(fs.lstatSync(scratch.path + '/s').isSocket()).toBe(true);
});

(hasCapability(CAP.MKNOD) ? test : test.skip)(
  'a device node keeps its number (needs CAP_MKNOD)',
  () => {
    using scratch = new Scratch();
    expect(mknodat(scratch.fd, 'd', S.IFCHR | 0o600, makedev(259, 70000))).toBe(0);
    expect(statx(scratch.fd, 'd', AT_SYMLINK_NOFOLLOW, stat)).toBe(0);
    expect(stat.rdev).toBe(makedev(259, 70000));
  },
);
