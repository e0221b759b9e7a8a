import fs from 'node:fs';

import { expect, test } from '@jest/globals';

import { O } from './arch.js';
import { failed } from './errno.js';
import { close, pwrite } from './io.js';
import { openat } from './openat.js';
import { Scratch } from './scratch.js';
import {
  copyFileRange,
  copyFileRangeAsync,
  FALLOC,
  fallocate,
  fallocateAsync,
  ficlone,
  lseek,
  SEEK,
} from './space.js';

const MiB = 1 << 20;

test('fallocate extends, keeps the size, punches holes that lseek finds', async () => {
  using scratch = new Scratch();
  const fd = openat(scratch.fd, 'f', O.O_RDWR | O.O_CREAT, 0o600);
  const size = () => fs.fstatSync(fd).size;
  expect([fallocate(fd, 0, 0, MiB), size()]).toEqual([0, MiB]);
  expect([await fallocateAsync(fd, FALLOC.KEEP_SIZE, 0, 2 * MiB), size()]).toEqual([0, MiB]);
  pwrite(fd, Buffer.alloc(MiB, 1), 0);
  const punch = FALLOC.PUNCH_HOLE | FALLOC.KEEP_SIZE;
  expect(fallocate(fd, punch, 65536, 65536)).toBe(0);
  expect(lseek(fd, 0, SEEK.HOLE)).toBe(65536);
  expect(lseek(fd, 65536, SEEK.DATA)).toBe(131072);
  expect(lseek(fd, 3 * MiB, SEEK.DATA)).toBe(failed('ENXIO'));
  expect(await fallocateAsync(fd, 0, -1, 5)).toBe(failed('EINVAL'));
  close(fd);
});

test('copy_file_range with and without offsets, in both forms', async () => {
  using scratch = new Scratch();
  const from = openat(scratch.fd, 'a', O.O_RDWR | O.O_CREAT, 0o600);
  const to = openat(scratch.fd, 'b', O.O_RDWR | O.O_CREAT, 0o600);
  pwrite(from, Buffer.from('0123456789'), 0);
  expect(copyFileRange({ fd: from, offset: 2 }, { fd: to, offset: 1 }, 3)).toBe(3);
  expect(await copyFileRangeAsync({ fd: from }, { fd: to, offset: 4 }, 100)).toBe(10);
  expect(fs.readFileSync(scratch.path + '/b', 'latin1')).toBe('\x002340123456789');
  expect(copyFileRange({ fd: from }, { fd: to }, 100)).toBe(0);
  expect(copyFileRange({ fd: -1 }, { fd: to }, 1)).toBe(failed('EBADF'));
  close(from);
  close(to);
});

test('ficlone shares the blocks, or says that this file system cannot', () => {
  using scratch = new Scratch();
  scratch.file('a', 'content');
  const from = openat(scratch.fd, 'a', O.O_RDONLY);
  const to = openat(scratch.fd, 'b', O.O_RDWR | O.O_CREAT, 0o600);
  const r = ficlone(from, to);
  if (r === 0) expect(fs.readFileSync(scratch.path + '/b', 'utf8')).toBe('content');
  else expect([failed('EOPNOTSUPP'), failed('ENOTTY'), failed('EINVAL')]).toContain(r);
  close(from);
  close(to);
});
