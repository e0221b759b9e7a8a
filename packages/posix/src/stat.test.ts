import fs from 'node:fs';

import { expect, test } from '@jest/globals';

import { O } from './arch.js';
import { failed } from './errno.js';
import { close } from './io.js';
import { utimensat } from './meta.js';
import { openat } from './openat.js';
import { Scratch } from './scratch.js';
import { AT_SYMLINK_NOFOLLOW, fstat, makedev, S, Stat, STATX, statx } from './stat.js';

const stat = new Stat();

test('every field is what node:fs reads', () => {
  using scratch = new Scratch();
  const file = scratch.file('f', 'x'.repeat(5000));
  fs.linkSync(file, file + '2');
  fs.chmodSync(file, 0o4751);
  const nodes = fs.lstatSync(file, { bigint: true });
  expect(statx(scratch.fd, 'f', 0, stat, STATX.BASIC | STATX.BTIME | STATX.MNT_ID)).toBe(0);
  expect({
    ino: stat.ino,
    mode: BigInt(stat.mode),
    nlink: BigInt(stat.nlink),
    uid: BigInt(stat.uid),
    gid: BigInt(stat.gid),
    size: BigInt(stat.size),
    blocks: BigInt(stat.blocks),
    blksize: BigInt(stat.blksize),
    dev: BigInt(stat.dev),
    atimeNs: stat.atimeNs,
    mtimeNs: stat.mtimeNs,
    ctimeNs: stat.ctimeNs,
    birthtimeNs: stat.btimeNs,
  }).toMatchObject({
    ino: nodes.ino,
    mode: nodes.mode,
    nlink: 2n,
    uid: nodes.uid,
    gid: nodes.gid,
    size: 5000n,
    blocks: nodes.blocks,
    blksize: nodes.blksize,
    dev: nodes.dev,
    atimeNs: nodes.atimeNs,
    mtimeNs: nodes.mtimeNs,
    ctimeNs: nodes.ctimeNs,
    birthtimeNs: nodes.birthtimeNs,
  });
  expect((BigInt(stat.inoHigh) << 32n) | BigInt(stat.inoLow)).toBe(nodes.ino);
  expect(stat.mask & STATX.MNT_ID).toBe(STATX.MNT_ID);
  expect(stat.mountId).toBeGreaterThan(0n);
});

test('a symlink itself, an O_PATH descriptor, a size above 4 GiB, a time before 1970', () => {
  using scratch = new Scratch();
  fs.symlinkSync('nowhere', scratch.path + '/link');
  expect(statx(scratch.fd, 'link', 0, stat)).toBe(failed('ENOENT'));
  expect(statx(scratch.fd, 'link', AT_SYMLINK_NOFOLLOW, stat)).toBe(0);
  expect(stat.mode & S.IFMT).toBe(S.IFLNK);
  const fd = openat(scratch.fd, 'link', O.O_PATH | O.O_NOFOLLOW);
  expect(fstat(fd, stat)).toBe(0);
  expect(stat.size).toBe(7);
  close(fd);
  const file = scratch.file('sparse');
  fs.truncateSync(file, 5_000_000_001);
  // node:fs cannot say a time before 1970.
  utimensat(scratch.fd, 'sparse', 0n, -1_500_000_000n);
  expect(statx(scratch.fd, 'sparse', 0, stat)).toBe(0);
  expect([stat.size, stat.mtimeNs]).toEqual([5_000_000_001, -1_500_000_000n]);
});

test('device numbers are encoded as the kernel does', () => {
  expect(statx(-100, '/dev/null', 0, stat)).toBe(0);
  expect(stat.rdev).toBe(makedev(1, 3));
  expect([makedev(8, 1), makedev(259, 0x12345), makedev(0xfff, 0xfffff)]).toEqual([
    0x801, 0x12310345, 0xffffffff,
  ]);
});
