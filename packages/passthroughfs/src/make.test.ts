import fs from 'node:fs';

import { describe, expect, test } from '@jest/globals';
import { ROOT_NODE, type Name } from '@scorpiofs/fuse';
import { AT_FDCWD, CAP, hasCapability, makedev, mknodat, O, S, setxattr } from '@scorpiofs/posix';

import { BOTH_WAYS, caller, Driver, errnoOf, isRoot, name, root } from './driver.js';

const asRoot = isRoot && hasCapability(CAP.SETUID) ? test : test.skip;

describe.each(BOTH_WAYS)('handles: $handles', (options) => {
  test('directories, FIFOs, sockets, symlinks, hard links and files', () => {
    using driver = new Driver(options);
    const at = driver.host.bind(driver);
    driver.fs.mkdir(root, ROOT_NODE, name('d'), 0o755, 0o22);
    driver.fs.mknod(root, ROOT_NODE, name('p'), S.IFIFO | 0o600, 0, 0);
    driver.fs.mknod(root, ROOT_NODE, name('s'), S.IFSOCK | 0o600, 0, 0);
    driver.fs.mknod(root, ROOT_NODE, name('f'), S.IFREG | 0o600, 0, 0);
    driver.fs.symlink(root, ROOT_NODE, name('l'), Buffer.from('\xff/x', 'latin1'));
    const link = driver.fs.link(root, driver.node('l'), ROOT_NODE, name('l2'));
    expect(link.node).toBe(driver.node('l'));
    driver.fs.link(root, driver.node('f'), driver.node('d'), name('f2'));
    expect(fs.lstatSync(at('p')).isFIFO()).toBe(true);
    expect(fs.lstatSync(at('s')).isSocket()).toBe(true);
    expect(fs.readlinkSync(at('l2'), 'latin1')).toBe('\xff/x');
    expect(fs.lstatSync(at('d/f2')).nlink).toBe(2);
    expect(errnoOf(() => driver.fs.mkdir(root, ROOT_NODE, name('d'), 0, 0))).toBe('EEXIST');
    expect(errnoOf(() => driver.fs.mkdir(root, ROOT_NODE, '..' as Name, 0, 0))).toBe('EINVAL');
    const dirLink = () => driver.fs.link(root, driver.node('d'), ROOT_NODE, name('x'));
    expect(errnoOf(dirLink)).toBe('EPERM');
    driver.fs.unlink(root, ROOT_NODE, name('p'));
    expect(errnoOf(() => driver.fs.rmdir(root, ROOT_NODE, name('d')))).toBe('ENOTEMPTY');
    expect(errnoOf(() => driver.fs.unlink(root, ROOT_NODE, name('d')))).toBe('EISDIR');
    expect(errnoOf(() => driver.fs.rmdir(root, ROOT_NODE, name('f')))).toBe('ENOTDIR');
    expect(errnoOf(() => driver.fs.unlink(root, ROOT_NODE, name('p')))).toBe('ENOENT');
  });

  (hasCapability(CAP.MKNOD) ? test : test.skip)(
    'device nodes, also whiteouts (needs CAP_MKNOD)',
    () => {
      using driver = new Driver(options);
      const rdev = makedev(259, 70000);
      driver.fs.mknod(root, ROOT_NODE, name('dev'), S.IFBLK | 0o600, rdev, 0);
      expect(driver.find('dev').attr.rdev).toBe(rdev);
      driver.fs.mknod(root, ROOT_NODE, name('gone'), S.IFCHR, 0, 0);
      expect(driver.find('gone').attr).toMatchObject({ rdev: 0, mode: S.IFCHR });
    },
  );

  asRoot(
    "what a caller makes is the caller's, in directories of others too (needs CAP_SETUID)",
    () => {
      using driver = new Driver(options);
      const me = caller(4321, 8765);
      // The kernel allowed it, by a supplementary group say; the host would not allow this user alone.
      const attrs = [
        driver.fs.mkdir(me, ROOT_NODE, name('d'), 0o700, 0).attr,
        driver.fs.mknod(me, ROOT_NODE, name('p'), S.IFIFO | 0o600, 0, 0).attr,
        driver.fs.symlink(me, ROOT_NODE, name('l'), Buffer.from('x')).attr,
        driver.fs.create(me, ROOT_NODE, name('f'), 0o600, O.O_RDWR, 0).entry.attr,
        driver.fs.tmpfile(me, ROOT_NODE, 0o600, O.O_RDWR, 0).entry.attr,
      ];
      for (const attr of attrs) expect(attr).toMatchObject({ uid: 4321, gid: 8765 });
      expect(fs.statSync(driver.host('f'))).toMatchObject({ uid: 4321, gid: 8765 });
      expect(driver.fs.mkdir(root, ROOT_NODE, name('roots'), 0o700, 0).attr.uid).toBe(0);
    },
  );

  asRoot(
    'a set-gid directory gives its group, and to directories the bit (needs CAP_SETUID)',
    () => {
      using driver = new Driver(options, (dir) => {
        fs.mkdirSync(dir + '/shared');
        fs.chownSync(dir + '/shared', 0, 555);
        fs.chmodSync(dir + '/shared', 0o2777);
      });
      const [shared, me] = [driver.node('shared'), caller(1000, 1000)];
      const dir = driver.fs.mkdir(me, shared, name('d'), 0o755, 0).attr;
      const file = driver.fs.create(me, shared, name('f'), 0o2755, O.O_RDWR, 0).entry.attr;
      expect(dir).toMatchObject({ uid: 1000, gid: 555, mode: S.IFDIR | 0o2755 });
      // Not a member of 555: no set-gid program for that group.
      expect(file).toMatchObject({ uid: 1000, gid: 555, mode: S.IFREG | 0o755 });
    },
  );

  test("the umask is the caller's, whatever this process has", () => {
    const before = process.umask(0o077);
    try {
      using driver = new Driver(options);
      const { fs: passthrough } = driver;
      expect(passthrough.mkdir(root, ROOT_NODE, name('d'), 0o1777, 0).attr.mode & 0o7777).toBe(
        0o1777,
      );
      const made = passthrough.create(root, ROOT_NODE, name('f'), 0o666, O.O_RDWR, 0o002);
      expect(made.entry.attr.mode & 0o7777).toBe(0o664);
      const node = passthrough.mknod(root, ROOT_NODE, name('p'), S.IFIFO | 0o666, 0, 0o022);
      expect(node.attr.mode & 0o7777).toBe(0o644);
      expect(process.umask()).toBe(0o077);
    } finally {
      process.umask(before);
    }
  });

  test('a default ACL takes the place of the umask', () => {
    using driver = new Driver(options, (dir) => {
      fs.mkdirSync(dir + '/d');
      setDefaultAcl(dir + '/d');
    });
    // Another umask than this process's, and the same, with which the host is not asked for an ACL.
    for (const umask of [0o077, process.umask()]) {
      const as = name(`f${umask}`);
      const made = driver.fs.create(root, driver.node('d'), as, 0o666, O.O_RDWR, umask);
      // user::rw- group::rw- other::r-- of the ACL, cut by the 0666 asked for, not by the umask.
      expect(made.entry.attr.mode & 0o777).toBe(0o664);
      const plain = driver.fs.create(root, ROOT_NODE, as, 0o666, O.O_RDWR, umask);
      expect(plain.entry.attr.mode & 0o777).toBe(0o666 & ~umask);
    }
  });

  test('O_TMPFILE is given a name by link', async () => {
    using driver = new Driver(options);
    const { entry, open } = driver.fs.tmpfile(root, ROOT_NODE, 0o640, O.O_RDWR, 0);
    expect(entry.attr.nlink).toBe(0);
    await driver.fs.write(root, entry.node, open.fh, 0, Buffer.from('x'), { killSuidgid: false });
    const linked = driver.fs.link(root, entry.node, ROOT_NODE, name('named'));
    expect(linked.node).toBe(entry.node);
    await driver.fs.release(root, entry.node, open.fh);
    expect(fs.readFileSync(driver.host('named'), 'utf8')).toBe('x');
    const once = driver.fs.tmpfile(root, ROOT_NODE, 0o600, O.O_RDWR | O.O_EXCL, 0);
    const again = () => driver.fs.link(root, once.entry.node, ROOT_NODE, name('no'));
    expect(errnoOf(again)).toBe('ENOENT');
  });

  test('create opens what is there, unless told not to, and never anything but a file', () => {
    using driver = new Driver(options, (dir) => {
      fs.writeFileSync(dir + '/f', 'content');
      mknodat(AT_FDCWD, dir + '/p', S.IFIFO | 0o644);
    });
    const create = (file: string, flags: number) =>
      driver.fs.create(root, ROOT_NODE, name(file), 0o600, flags, 0);
    expect(create('f', O.O_RDWR).entry.node).toBe(driver.node('f'));
    expect(errnoOf(() => create('f', O.O_RDWR | O.O_EXCL))).toBe('EEXIST');
    expect(errnoOf(() => create('p', O.O_RDWR))).toBe('EEXIST');
  });
});

asRoot(
  "create does not open what was there against the host's permissions (needs CAP_SETUID)",
  () => {
    using driver = new Driver({}, (dir) => {
      fs.writeFileSync(dir + '/secret', 'x', { mode: 0o600 });
      fs.writeFileSync(dir + '/open', '');
      fs.chmodSync(dir + '/open', 0o666);
    });
    const create = (file: string) => () =>
      driver.fs.create(caller(1000), ROOT_NODE, name(file), 0o644, O.O_RDWR, 0);
    expect(errnoOf(create('secret'))).toBe('EACCES');
    expect(errnoOf(create('open'))).toBe('none');
    // Not made new, so its mode is not touched either.
    expect(fs.statSync(driver.host('open')).mode & 0o777).toBe(0o666);
  },
);

function setDefaultAcl(dir: string): void {
  // struct posix_acl_xattr: version 2, then (tag, perm, id): user::rwx group::rwx other::r-x.
  const acl = Buffer.alloc(4 + 3 * 8);
  acl.writeUInt32LE(2, 0);
  [
    [0x01, 7],
    [0x04, 7],
    [0x20, 5],
  ].forEach(([tag = 0, perm = 0], i) => {
    acl.writeUInt16LE(tag, 4 + 8 * i);
    acl.writeUInt16LE(perm, 6 + 8 * i);
    acl.writeUInt32LE(0xffffffff, 8 + 8 * i);
  });
  expect(setxattr(dir, 'system.posix_acl_default', acl)).toBe(0);
}
