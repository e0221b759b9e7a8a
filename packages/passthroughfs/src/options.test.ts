import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

import { describe, expect, test } from '@jest/globals';
import { nameFromBytes, ROOT_NODE } from '@scorpiofs/fuse';
import { CAP, hasCapability, O } from '@scorpiofs/posix';

import { BOTH_WAYS, caller, Driver, errnoOf, isRoot, name, root } from './driver.js';
import { PassthroughFs } from './passthrough-fs.js';
import { SourceError } from './source-error.js';

test('readOnly: every change is EROFS, and nothing changes', () => {
  using driver = new Driver({ readOnly: true }, (dir) => {
    fs.writeFileSync(dir + '/f', 'x');
    fs.mkdirSync(dir + '/d');
  });
  const { fs: ro } = driver;
  const [f, r] = [driver.node('f'), ROOT_NODE];
  const { fh } = ro.open(root, f, O.O_RDONLY);
  const changes = [
    () => ro.mkdir(root, r, name('x'), 0o755, 0),
    () => ro.mknod(root, r, name('x'), 0o100600, 0, 0),
    () => ro.create(root, r, name('x'), 0o600, O.O_RDWR, 0),
    () => ro.tmpfile(root, r, 0o600, O.O_RDWR, 0),
    () => ro.symlink(root, r, name('x'), Buffer.from('x')),
    () => ro.link(root, f, r, name('x')),
    () => ro.unlink(root, r, name('f')),
    () => ro.rmdir(root, r, name('d')),
    () => ro.rename(root, r, name('f'), r, name('x'), 0),
    () => ro.setattr(root, f, { mode: 0 }, undefined),
    () => ro.open(root, f, O.O_WRONLY),
    () => ro.open(root, f, O.O_RDONLY | O.O_TRUNC),
    () => ro.setxattr(root, f, name('user.x'), Buffer.from('x'), 0, false),
    () => ro.removexattr(root, f, name('user.x')),
    () => ro.fallocate(root, f, fh, 0, 0, 10),
  ];
  expect(changes.map(errnoOf)).toEqual(changes.map(() => 'EROFS'));
  expect(fs.readdirSync(driver.dir).toSorted()).toEqual(['d', 'f']);
});

test('squash: everything is shown as one owner, who cannot be changed', () => {
  using driver = new Driver({ squashUid: 1000, squashGid: 100 }, (dir) =>
    fs.writeFileSync(dir + '/f', ''),
  );
  const before = fs.statSync(driver.host('f'));
  const { node, attr } = driver.find('f');
  expect(attr).toMatchObject({ uid: 1000, gid: 100 });
  driver.fs.setattr(root, node, { uid: 5, gid: 6 }, undefined);
  expect(fs.statSync(driver.host('f'))).toMatchObject({ uid: before.uid, gid: before.gid });
});

(isRoot && hasCapability(CAP.SETUID) ? test : test.skip)(
  'maps: ids are shown, created and changed by ranges; others are nobody (needs CAP_SETUID)',
  () => {
    const ranges = [
      { host: 100_000, shown: 0, count: 1000 },
      { host: 5, shown: 2000, count: 1 },
    ];
    using driver = new Driver({ uidMap: ranges, gidMap: ranges }, (dir) => {
      fs.writeFileSync(dir + '/f', '');
      fs.writeFileSync(dir + '/strange', '');
      fs.chownSync(dir + '/f', 100_007, 5);
    });
    const f = driver.find('f');
    expect(f.attr).toMatchObject({ uid: 7, gid: 2000 });
    expect(driver.find('strange').attr).toMatchObject({ uid: 65534, gid: 65534 });
    driver.fs.setattr(root, f.node, { uid: 2000, gid: 999 }, undefined);
    expect(fs.statSync(driver.host('f'))).toMatchObject({ uid: 5, gid: 100_999 });
    driver.fs.mkdir(caller(3, 2000), ROOT_NODE, name('d'), 0o755, 0);
    expect(fs.statSync(driver.host('d'))).toMatchObject({ uid: 100_003, gid: 5 });
    const strangers = () => driver.fs.mkdir(caller(1500), ROOT_NODE, name('x'), 0o755, 0);
    expect(errnoOf(strangers)).toBe('EOVERFLOW');
    const give = () => driver.fs.setattr(root, f.node, { uid: 1500 }, undefined);
    expect(errnoOf(give)).toBe('EINVAL');
  },
);

describe.each(BOTH_WAYS)('xattrs, handles: $handles', (options) => {
  test('values and names are bytes, on every type of node', () => {
    using driver = new Driver(options, (dir) => {
      fs.writeFileSync(dir + '/f', '');
      fs.mkdirSync(dir + '/d');
      fs.symlinkSync('/etc/passwd', dir + '/l');
    });
    const odd = nameFromBytes(Buffer.from('user.\xff', 'latin1'));
    const value = Buffer.from([0, 255]);
    for (const node of [driver.node('f'), driver.node('d'), ROOT_NODE]) {
      driver.fs.setxattr(root, node, odd, value, 0, false);
      expect(driver.fs.getxattr(root, node, odd)).toEqual(value);
      expect(driver.fs.listxattr(root, node)).toContain(odd);
      driver.fs.removexattr(root, node, odd);
      expect(driver.fs.getxattr(root, node, odd)).toBe(undefined);
    }
    const { fh } = driver.fs.open(root, driver.node('f'), O.O_RDONLY);
    driver.fs.setxattr(root, driver.node('f'), odd, value, 0, false);
    expect(driver.fs.getxattr(root, driver.node('f'), odd)).toEqual(value);
    void driver.fs.release(root, driver.node('f'), fh);
    // A symlink takes none of the user's, and its target is not asked.
    const set = () => driver.fs.setxattr(root, driver.node('l'), odd, value, 0, false);
    expect(errnoOf(set)).toBe('EPERM');
  });

  (hasCapability(CAP.SYS_ADMIN) ? test : test.skip)(
    'trusted and ACL names, and who hides them (needs CAP_SYS_ADMIN)',
    () => {
      const opaque = name('trusted.overlay.opaque');
      const make = (more: object) =>
        new Driver({ ...options, ...more }, (dir) => fs.writeFileSync(dir + '/f', ''));
      using all = make({});
      using user = make({ xattrs: 'user' });
      using none = make({ xattrs: 'none', acl: false });
      all.fs.setxattr(root, all.node('f'), opaque, Buffer.from('y'), 0, false);
      expect(all.fs.listxattr(root, all.node('f'))).toContain(opaque);
      const get = (driver: Driver, key: string) =>
        errnoOf(() => driver.fs.getxattr(root, driver.node('f'), name(key)));
      expect(get(user, opaque)).toBe('EOPNOTSUPP');
      expect(user.fs.getxattr(root, user.node('f'), name('user.x'))).toBe(undefined);
      expect(get(none, 'user.x')).toBe('EOPNOTSUPP');
      expect(get(none, 'system.posix_acl_access')).toBe('EOPNOTSUPP');
      expect(none.fs.options.posixAcl).toBe(false);
    },
  );
});

test('a set-gid bit goes with an ACL set by a stranger to the group', () => {
  using driver = new Driver({}, (dir) => fs.writeFileSync(dir + '/f', ''));
  const node = driver.node('f');
  driver.fs.setattr(root, node, { mode: 0o2755 }, undefined);
  driver.fs.setxattr(root, node, name('user.x'), Buffer.from('x'), 0, true);
  expect(driver.find('f').attr.mode & 0o7777).toBe(0o755);
});

test('statfs is that of the source', () => {
  using driver = new Driver();
  const host = fs.statfsSync(driver.dir, { bigint: true });
  expect(driver.fs.statfs(root, ROOT_NODE)).toMatchObject({
    blocks: host.blocks,
    files: host.files,
    namelen: 255,
  });
});

test('a source that cannot be served is said with a code and a hint', () => {
  using driver = new Driver({}, (dir) => fs.writeFileSync(dir + '/f', ''));
  const open = (source: string) => {
    try {
      new PassthroughFs(source).destroy();
    } catch (error) {
      if (error instanceof SourceError) return [error.code, error.hint.length > 10];
      throw error;
    }
    return [];
  };
  expect(open(path.join(os.tmpdir(), 'does-not-exist-4711'))).toEqual(['SOURCE_MISSING', true]);
  expect(open(driver.host('f'))).toEqual(['SOURCE_NOT_A_DIRECTORY', true]);
});
