import fs from 'node:fs';

import { expect, test } from '@jest/globals';

import { O } from './arch.js';
import { CAP, hasCapability } from './capabilities.js';
import { failed } from './errno.js';
import { close } from './io.js';
import {
  fchmod,
  fchmodat,
  fchmodatByProc,
  fchown,
  fchownat,
  ftruncate,
  futimens,
  KEEP_ID,
  utimensat,
} from './meta.js';
import { openat } from './openat.js';
import { Scratch } from './scratch.js';
import { AT_EMPTY_PATH, AT_SYMLINK_NOFOLLOW, fstat, Stat, statx } from './stat.js';

const stat = new Stat();

test('modes: by descriptor, by name, by O_PATH descriptor, never of a symlink', () => {
  using scratch = new Scratch();
  const file = scratch.file('f');
  fs.symlinkSync('f', scratch.path + '/s');
  const fd = openat(scratch.fd, 'f', O.O_RDONLY);
  const opath = openat(scratch.fd, 'f', O.O_PATH);
  const link = openat(scratch.fd, 's', O.O_PATH | O.O_NOFOLLOW);
  const mode = () => fs.statSync(file).mode & 0o7777;
  expect([fchmod(fd, 0o640), mode()]).toEqual([0, 0o640]);
  expect(fchmod(opath, 0o600)).toBe(failed('EBADF'));
  expect([fchmodat(scratch.fd, 's', 0o641), mode()]).toEqual([0, 0o641]);
  for (const call of [fchmodat, fchmodatByProc]) {
    expect([call(opath, '', 0o4755, AT_EMPTY_PATH), mode()]).toEqual([0, 0o4755]);
    expect([call(scratch.fd, 'f', 0o600, AT_SYMLINK_NOFOLLOW), mode()]).toEqual([0, 0o600]);
    expect(call(scratch.fd, 's', 0o777, AT_SYMLINK_NOFOLLOW)).toBe(failed('EOPNOTSUPP'));
    expect(call(link, '', 0o777, AT_EMPTY_PATH)).toBe(failed('EOPNOTSUPP'));
  }
  expect(mode()).toBe(0o600);
  [fd, opath, link].forEach((each) => close(each));
});

test('times are nanoseconds, also before 1970, now, and left alone', () => {
  using scratch = new Scratch();
  scratch.file('f');
  fs.symlinkSync('f', scratch.path + '/s');
  const at = 1_700_000_000_123_456_789n;
  expect(utimensat(scratch.fd, 'f', at, -1_500_000_001n)).toBe(0);
  statx(scratch.fd, 'f', 0, stat);
  expect([stat.atimeNs, stat.mtimeNs]).toEqual([at, -1_500_000_001n]);
  expect(utimensat(scratch.fd, 'f', undefined, 'now')).toBe(0);
  statx(scratch.fd, 'f', 0, stat);
  expect(stat.atimeNs).toBe(at);
  expect(Number(stat.mtimeNs) / 1e6).toBeGreaterThan(Date.now() - 60_000);
  const link = openat(scratch.fd, 's', O.O_PATH | O.O_NOFOLLOW);
  expect(utimensat(link, '', 1n, 2n, AT_EMPTY_PATH)).toBe(0);
  fstat(link, stat);
  expect([stat.atimeNs, stat.mtimeNs]).toEqual([1n, 2n]);
  close(link);
  const fd = openat(scratch.fd, 'f', O.O_RDWR);
  expect([futimens(fd, 3n, undefined), fstat(fd, stat), stat.atimeNs]).toEqual([0, 0, 3n]);
  expect(ftruncate(fd, 5_000_000_000)).toBe(0);
  expect([fstat(fd, stat), stat.size]).toEqual([0, 5_000_000_000]);
  close(fd);
});

(hasCapability(CAP.CHOWN) ? test : test.skip)('owners, each alone too (needs CAP_CHOWN)', () => {
  using scratch = new Scratch();
  scratch.file('f');
  fs.symlinkSync('f', scratch.path + '/s');
  expect(fchownat(scratch.fd, 's', 1234, 0xffff_fffe, AT_SYMLINK_NOFOLLOW)).toBe(0);
  statx(scratch.fd, 's', AT_SYMLINK_NOFOLLOW, stat);
  expect([stat.uid, stat.gid]).toEqual([1234, 0xffff_fffe]);
  const fd = openat(scratch.fd, 'f', O.O_RDONLY);
  expect(fchown(fd, KEEP_ID, 77)).toBe(0);
  fstat(fd, stat);
  expect([stat.uid, stat.gid]).toEqual([process.geteuid?.(), 77]);
  close(fd);
});
