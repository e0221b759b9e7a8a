import fs from 'node:fs';

import { expect, test } from '@jest/globals';
import { ROOT_NODE } from '@scorpiofs/fuse';
import { getxattr, O, S } from '@scorpiofs/posix';

import { caller, Driver, errnoOf, name, root } from './driver.js';
import { formatOverride, parseOverride } from './override.js';

const XATTR = 'user.containers.override_stat';
const options = { overrideXattr: XATTR };
const kept = (driver: Driver, file: string) => String(getxattr(driver.host(file), XATTR));

test('the form of the attribute, with and without a type behind it; anything else is ignored', () => {
  expect(parseOverride('1000:100:0644')).toEqual({ uid: 1000, gid: 100, mode: 0o644 });
  expect(parseOverride('0:4294967295:4755:file')).toEqual({
    uid: 0,
    gid: 0xffffffff,
    mode: 0o4755,
  });
  for (const bad of ['', '1:2', '1:2:9', '-1:2:644', '4294967296:1:644', '1:2:0644x', 'x:y:z']) {
    expect([bad, parseOverride(bad)]).toEqual([bad, undefined]);
  }
  expect(formatOverride({ uid: 1, gid: 2, mode: 0o7 })).toBe('1:2:0007');
});

test('owner and mode live in the attribute, and the host keeps its own', () => {
  using driver = new Driver(options);
  const before = fs.statSync(driver.dir);
  const me = caller(1000, 100);
  const dir = driver.fs.mkdir(me, ROOT_NODE, name('d'), 0o2711, 0);
  expect(dir.attr).toMatchObject({ uid: 1000, gid: 100, mode: S.IFDIR | 0o2711 });
  const { entry } = driver.fs.create(caller(7, 8), dir.node, name('f'), 0o000, O.O_RDWR, 0);
  // The group of a set-gid directory is handed down.
  expect(entry.attr).toMatchObject({ uid: 7, gid: 100, mode: S.IFREG });
  expect([kept(driver, 'd'), kept(driver, 'd/f')]).toEqual(['1000:100:2711', '7:100:0000']);
  const host = fs.statSync(driver.host('d/f'));
  expect([host.uid, host.mode & 0o600]).toEqual([before.uid, 0o600]);
  const set = driver.fs.setattr(root, entry.node, { mode: 0o4755, uid: 9 }, undefined).attr;
  expect(set).toMatchObject({ uid: 9, gid: 100, mode: S.IFREG | 0o4755, size: 0 });
  expect(driver.fs.setattr(root, entry.node, { gid: 3, size: 5 }, undefined).attr).toMatchObject({
    gid: 3,
    mode: S.IFREG | 0o755,
    size: 5,
  });
  expect(kept(driver, 'd/f')).toBe('9:3:0755');
  expect(fs.statSync(driver.host('d/f')).uid).toBe(before.uid);
});

test('a write by another takes the set-id bits; the attribute itself is not shown; symlinks cannot have one', async () => {
  using driver = new Driver(options, (dir) => fs.writeFileSync(dir + '/f', 'x'));
  const node = driver.node('f');
  driver.fs.setattr(root, node, { mode: 0o6755 }, undefined);
  const { fh } = driver.fs.open(root, node, O.O_RDWR);
  await driver.fs.write(root, node, fh, 0, Buffer.from('y'), { killSuidgid: true });
  expect(driver.find('f').attr.mode & 0o7777).toBe(0o755);
  expect(driver.fs.listxattr(root, node)).toEqual([]);
  expect(errnoOf(() => driver.fs.removexattr(root, node, name(XATTR)))).toBe('EOPNOTSUPP');
  const link = driver.fs.symlink(caller(1000), ROOT_NODE, name('l'), Buffer.from('x')).node;
  expect(errnoOf(() => driver.fs.setattr(root, link, { uid: 5 }, undefined))).toBe('EPERM');
});
