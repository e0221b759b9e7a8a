import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

import { expect, test } from '@jest/globals';

import { failed } from './errno.js';
import { MNT, mount, mountAsync, MS, umount2, umount2Async } from './mount.js';
import { fsTypes, isLocalFsType, statfs } from './statfs.js';

/** Mounting needs CAP_SYS_ADMIN in this mount namespace; the call itself is the only honest probe. */
function mayMount(): boolean {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'posix-probe-'));
  const request = { source: 'probe', target: dir, type: 'tmpfs', flags: 0 };
  const may = mount(request) === 0 && umount2(dir) === 0;
  fs.rmdirSync(dir);
  return may;
}
const privileged = mayMount() ? test : test.skip;

privileged('mount and umount2 (needs CAP_SYS_ADMIN)', async () => {
  const target = fs.mkdtempSync(path.join(os.tmpdir(), 'posix-mount-'));
  const request = {
    source: 'scorpio-test',
    target,
    type: 'tmpfs',
    flags: MS.NOSUID | MS.NODEV,
    data: 'size=64k,mode=0700',
  };
  try {
    expect(mount(request)).toBe(0);
    const stats = statfs(target);
    expect(stats).toMatchObject({ type: fsTypes.tmpfs, blocks: 16n, namelen: 255 });
    expect(umount2(target)).toBe(0);
    expect(await mountAsync(request)).toBe(0);
    expect(await umount2Async(target, MNT.DETACH)).toBe(0);
    expect(fs.readFileSync('/proc/self/mountinfo', 'utf8')).not.toContain(target);
  } finally {
    umount2(target, MNT.DETACH);
    fs.rmdirSync(target);
  }
});

test('errors of mount and umount2 are values', async () => {
  const nowhere = path.join(os.tmpdir(), 'posix-does-not-exist');
  const denied = [failed('ENOENT'), failed('EPERM')];
  expect(denied).toContain(mount({ source: 'x', target: nowhere, type: 'tmpfs', flags: 0 }));
  expect(denied).toContain(await umount2Async(nowhere));
});

test('D13: local file systems are told from those that may wait', () => {
  expect(isLocalFsType(fsTypes.ext4)).toBe(true);
  expect(isLocalFsType(fsTypes.nfs)).toBe(false);
  expect(isLocalFsType(fsTypes.fuse)).toBe(false);
  expect(isLocalFsType(0x12345678)).toBe(false);
});
