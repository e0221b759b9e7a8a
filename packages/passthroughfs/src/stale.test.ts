import fs from 'node:fs';
import os from 'node:os';

import { describe, expect, test } from '@jest/globals';
import { ROOT_NODE } from '@scorpiofs/fuse';
import { CAP, fsTypes, hasCapability, O, RENAME, statfs } from '@scorpiofs/posix';

import { BOTH_WAYS, Driver, errnoOf, name, root } from './driver.js';

const withHandles = hasCapability(CAP.DAC_READ_SEARCH) ? test : test.skip;

withHandles(
  'by handle, a node is found wherever the host moved it (needs CAP_DAC_READ_SEARCH)',
  async () => {
    using driver = new Driver({}, (dir) => {
      fs.mkdirSync(dir + '/d');
      fs.writeFileSync(dir + '/d/f', 'content');
    });
    const [d, f] = [driver.node('d'), driver.node('d/f')];
    fs.mkdirSync(driver.host('elsewhere'));
    fs.renameSync(driver.host('d/f'), driver.host('elsewhere/g'));
    fs.renameSync(driver.host('d'), driver.host('elsewhere/e'));
    fs.mkdirSync(driver.host('d'));
    const { fh } = driver.fs.open(root, f, O.O_RDONLY);
    expect(await driver.read(f, fh)).toBe('content');
    await driver.fs.release(root, f, fh);
    driver.fs.create(root, d, name('new'), 0o600, O.O_RDWR, 0);
    expect(fs.existsSync(driver.host('elsewhere/e/new'))).toBe(true);
    fs.unlinkSync(driver.host('elsewhere/g'));
    expect(errnoOf(() => driver.fs.open(root, f, O.O_RDONLY))).toBe('ESTALE');
  },
);

test('by name, what the host moved or replaced is ESTALE and never another file', () => {
  // A cache of one descriptor: the name has to be walked again.
  using driver = new Driver({ handles: 'never', maxDescriptors: 1 }, (dir) => {
    fs.mkdirSync(dir + '/d');
    fs.writeFileSync(dir + '/d/f', 'mine');
    fs.mkdirSync(dir + '/other');
  });
  const [f, other] = [driver.node('d/f'), driver.node('other')];
  const useTheOneDescriptor = () => driver.fs.getattr(root, other, undefined);
  useTheOneDescriptor();
  fs.renameSync(driver.host('d/f'), driver.host('d/moved'));
  expect(errnoOf(() => driver.fs.open(root, f, O.O_RDONLY))).toBe('ESTALE');
  useTheOneDescriptor();
  fs.writeFileSync(driver.host('d/f'), 'somebody else');
  expect(errnoOf(() => driver.fs.open(root, f, O.O_RDONLY))).toBe('ESTALE');
  useTheOneDescriptor();
  fs.renameSync(driver.host('d/moved'), driver.host('d/f'));
  expect(errnoOf(() => driver.fs.open(root, f, O.O_RDONLY))).toBe('none');
});

describe.each(BOTH_WAYS)('handles: $handles', (handles) => {
  const options = { ...handles, maxDescriptors: 2 };

  test('what is moved through the file system keeps its node', async () => {
    using driver = new Driver(options, (dir) => {
      for (const each of ['a', 'b', 'c']) fs.mkdirSync(`${dir}/${each}`);
      fs.writeFileSync(dir + '/a/f', 'F');
      fs.writeFileSync(dir + '/b/g', 'G');
    });
    const [a, b, c] = [driver.node('a'), driver.node('b'), driver.node('c')];
    const [f, g] = [driver.node('a/f'), driver.node('b/g')];
    const content = async (node: typeof f) => {
      driver.fs.getattr(root, c, undefined);
      driver.fs.getattr(root, ROOT_NODE, undefined);
      const { fh } = driver.fs.open(root, node, O.O_RDONLY);
      const text = await driver.read(node, fh);
      await driver.fs.release(root, node, fh);
      return text;
    };
    driver.fs.rename(root, a, name('f'), b, name('g'), RENAME.EXCHANGE);
    expect([await content(f), await content(g)]).toEqual(['F', 'G']);
    expect(driver.node('b/g')).toBe(f);
    driver.fs.rename(root, ROOT_NODE, name('b'), c, name('b2'), 0);
    expect([await content(f), await content(g)]).toEqual(['F', 'G']);
    expect(
      errnoOf(() => driver.fs.rename(root, a, name('f'), b, name('g'), RENAME.NOREPLACE)),
    ).toBe('EEXIST');
    driver.fs.rename(root, a, name('f'), b, name('g'), 0);
    expect(await content(g)).toBe('G');
    driver.fs.forget(f, 2);
    expect(errnoOf(() => driver.fs.getattr(root, f, undefined))).toBe('ESTALE');
  });

  test('a file with two names is found by the other when one goes', () => {
    using driver = new Driver(options, (dir) => {
      fs.writeFileSync(dir + '/one', '');
      fs.linkSync(dir + '/one', dir + '/two');
      fs.mkdirSync(dir + '/d1');
      fs.mkdirSync(dir + '/d2');
      fs.mkdirSync(dir + '/d3');
    });
    const node = driver.node('one');
    driver.node('two');
    driver.fs.unlink(root, ROOT_NODE, name('two'));
    for (const each of ['d1', 'd2', 'd3']) driver.fs.getattr(root, driver.node(each), undefined);
    expect(driver.fs.getattr(root, node, undefined).attr.nlink).toBe(1);
  });

  test('an inode number used again is another node', () => {
    // Where ext4 is: it uses a number again at once, tmpfs never.
    using driver = new Driver(options, undefined, os.tmpdir());
    const seen = new Map<bigint, number>();
    let reused = 0;
    for (let i = 0; i < 50; i++) {
      const { entry, open } = driver.fs.create(root, ROOT_NODE, name('f'), 0o600, O.O_RDWR, 0);
      void driver.fs.release(root, entry.node, open.fh);
      const before = seen.get(entry.attr.ino);
      if (before !== undefined) {
        reused++;
        // Only the time of birth tells them apart without handles, and two births in one tick of the clock look alike.
        if (handles.handles === 'auto') expect(entry.node).not.toBe(before);
      }
      seen.set(entry.attr.ino, entry.node);
      // Behind our back: what is removed through the file system may keep its number until it is forgotten.
      fs.unlinkSync(driver.host('f'));
    }
    const there = statfs(os.tmpdir());
    if (typeof there !== 'number' && there.type === fsTypes.ext4) expect(reused).toBeGreaterThan(0);
  });
});
