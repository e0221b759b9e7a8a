import fs from 'node:fs';

import { describe, expect, test } from '@jest/globals';
import { nameFromBytes, ROOT_NODE, type Name } from '@scorpiofs/fuse';
import { AT_FDCWD, mknodat, O, S } from '@scorpiofs/posix';

import { BOTH_WAYS, Driver, errnoOf, name, root } from './driver.js';

describe.each(BOTH_WAYS)('handles: $handles', (options) => {
  test('every type of node, with the attributes the host shows', () => {
    using driver = new Driver(options, (dir) => {
      fs.writeFileSync(dir + '/file', 'content', { mode: 0o640 });
      fs.mkdirSync(dir + '/dir');
      fs.symlinkSync('target', dir + '/link');
      mknodat(AT_FDCWD, dir + '/fifo', S.IFIFO | 0o644);
    });
    for (const each of ['file', 'dir', 'link', 'fifo']) {
      const { attr } = driver.find(each);
      const host = fs.lstatSync(driver.host(each), { bigint: true });
      expect({ ...attr }).toMatchObject({
        ino: host.ino,
        mode: Number(host.mode),
        nlink: Number(host.nlink),
        uid: Number(host.uid),
        size: Number(host.size),
        mtimeNs: host.mtimeNs,
        ctimeNs: host.ctimeNs,
      });
    }
    expect(driver.fs.lookup(root, ROOT_NODE, name('none'))).toMatchObject({ node: 0 });
    expect(Buffer.from(driver.fs.readlink(root, driver.node('link'))).toString()).toBe('target');
  });

  test('hard links are one node with one inode number', () => {
    using driver = new Driver(options, (dir) => {
      fs.writeFileSync(dir + '/a', '');
      fs.linkSync(dir + '/a', dir + '/b');
    });
    const [a, b] = [driver.find('a'), driver.find('b')];
    expect(b.node).toBe(a.node);
    expect(b.attr).toMatchObject({ ino: a.attr.ino, nlink: 2 });
  });

  test('names of 255 bytes, names that are not UTF-8, and paths of 4096 bytes', () => {
    using driver = new Driver(options);
    const odd = nameFromBytes(Buffer.alloc(255, 0xfe));
    driver.fs.mkdir(root, ROOT_NODE, odd, 0o755, 0);
    expect(driver.list(ROOT_NODE).map((entry) => entry.name)).toContain(odd);
    let { node } = driver.fs.mkdir(root, ROOT_NODE, name('deep'), 0o755, 0);
    for (let depth = 0; depth < 18; depth++) node = driver.fs.mkdir(root, node, odd, 0o755, 0).node;
    expect(driver.fs.getattr(root, node, undefined).attr.nlink).toBe(2);
    const long = 'x'.repeat(256) as Name;
    expect(errnoOf(() => driver.fs.mkdir(root, ROOT_NODE, long, 0o755, 0))).toBe('ENAMETOOLONG');
  });

  test('a symlink never leads out of the source, nor does a name that is a path', () => {
    using driver = new Driver(options, (dir) => {
      fs.symlinkSync('/etc', dir + '/etc');
      fs.symlinkSync('/etc/passwd', dir + '/passwd');
      fs.mkdirSync(dir + '/sub');
    });
    const [dirLink, fileLink] = [driver.node('etc'), driver.node('passwd')];
    expect(errnoOf(() => driver.fs.lookup(root, dirLink, name('passwd')))).toBe('ENOTDIR');
    expect(errnoOf(() => driver.fs.open(root, fileLink, O.O_RDONLY))).toBe('ELOOP');
    expect(errnoOf(() => driver.fs.opendir(root, dirLink))).toBe('ENOTDIR');
    expect(errnoOf(() => driver.fs.lookup(root, ROOT_NODE, name('etc/passwd')))).toBe('EINVAL');
    expect(errnoOf(() => driver.fs.lookup(root, ROOT_NODE, 'sub\0' as Name))).toBe('EINVAL');
    const create = () => driver.fs.create(root, ROOT_NODE, name('passwd'), 0o600, O.O_RDWR, 0);
    expect(errnoOf(create)).toBe('ELOOP');
    const escape = () => driver.fs.mkdir(root, driver.node('sub'), name('../out'), 0o755, 0);
    expect(errnoOf(escape)).toBe('EINVAL');
  });

  test('".." ends at the root, and does not follow a directory that was moved out', () => {
    using driver = new Driver(options, (dir) => fs.mkdirSync(dir + '/a/b', { recursive: true }));
    using outside = new Driver();
    const b = driver.node('a/b');
    expect(driver.fs.lookup(root, ROOT_NODE, name('..')).node).toBe(ROOT_NODE);
    expect(driver.fs.lookup(root, b, name('..')).node).toBe(driver.node('a'));
    fs.renameSync(driver.host('a/b'), outside.host('b'));
    // By name it is not found at all any more, by handle it is, but its new parent is none of ours.
    expect(errnoOf(() => driver.fs.lookup(root, b, name('..')))).toBe('ESTALE');
  });

  test('forget ends a node and gives back what it held', () => {
    using driver = new Driver(options, (dir) => fs.mkdirSync(dir + '/d'));
    const before = driver.fs.counts;
    const node = driver.node('d');
    driver.node('d');
    driver.fs.getattr(root, node, undefined);
    driver.fs.forget(node, 1);
    expect(driver.fs.counts.nodes).toBe(before.nodes + 1);
    driver.fs.forget(node, 1);
    expect(driver.fs.counts).toEqual(before);
    expect(errnoOf(() => driver.fs.getattr(root, node, undefined))).toBe('ESTALE');
    driver.fs.forget(ROOT_NODE, 100);
    expect(driver.fs.getattr(root, ROOT_NODE, undefined).attr.nlink).toBe(3);
  });
});

test('negative answers are kept only where nobody else writes', () => {
  using shared = new Driver();
  using exclusive = new Driver({ exclusive: true });
  expect(shared.fs.lookup(root, ROOT_NODE, name('x')).entryTtl).toBe(0);
  expect(exclusive.fs.lookup(root, ROOT_NODE, name('x')).entryTtl).toBe(Infinity);
});
