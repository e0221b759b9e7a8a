import fs from 'node:fs';

import { describe, expect, test } from '@jest/globals';
import { ROOT_NODE, type NodeId } from '@scorpiofs/fuse';
import { getNofile, O, setNofile } from '@scorpiofs/posix';

import { BOTH_WAYS, Driver, errnoOf, name, root } from './driver.js';

const openNow = () => fs.readdirSync('/proc/self/fd').length;

describe.each(BOTH_WAYS)('handles: $handles', (handles) => {
  test('any number of known nodes needs only the bounded set of descriptors', () => {
    using driver = new Driver({ ...handles, maxDescriptors: 64 });
    const before = openNow();
    const nodes: NodeId[] = [];
    for (let d = 0; d < 100; d++) {
      const dir = driver.fs.mkdir(root, ROOT_NODE, name(`d${d}`), 0o755, 0).node;
      nodes.push(dir);
      for (let i = 0; i < 10; i++) {
        nodes.push(driver.fs.mkdir(root, dir, name(`s${i}`), 0o755, 0).node);
      }
    }
    for (const node of nodes) driver.fs.getattr(root, node, undefined);
    expect(driver.fs.counts.nodes).toBe(1101);
    expect(driver.fs.counts.descriptors).toBeLessThanOrEqual(64);
    expect(openNow() - before).toBeLessThanOrEqual(64);
    for (const node of nodes) driver.fs.forget(node, 1);
    expect(driver.fs.counts).toEqual({ nodes: 1, descriptors: 0, open: 0 });
    expect(openNow()).toBe(before);
  });

  test('a full descriptor table makes the cache smaller, not the call fail', () => {
    using driver = new Driver({ ...handles, maxDescriptors: 4096 });
    const limit = getNofile();
    if (typeof limit === 'number') throw new Error('no limit');
    const nodes = Array.from(
      { length: 300 },
      (_, i) => driver.fs.mkdir(root, ROOT_NODE, name(`d${i}`), 0o755, 0).node,
    );
    setNofile({ soft: openNow() + 40, hard: limit.hard });
    try {
      for (let round = 0; round < 2; round++) {
        for (const node of nodes) expect(driver.fs.getattr(root, node, undefined)).toBeDefined();
      }
    } finally {
      setNofile(limit);
    }
  });

  test('a rename between two directories needs two descriptors, also where the cache has room for one', () => {
    using driver = new Driver({ ...handles, maxDescriptors: 1 });
    const make = (each: string) => driver.fs.mkdir(root, ROOT_NODE, name(each), 0o755, 0).node;
    const [a, b] = [make('a'), make('b')];
    driver.fs.mkdir(root, a, name('moved'), 0o755, 0);
    driver.fs.rename(root, a, name('moved'), b, name('there'), 0);
    const there = driver.fs.lookup(root, b, name('there')).node;
    expect(there).not.toBe(0);
    expect(driver.fs.lookup(root, a, name('moved')).node).toBe(0);
    driver.fs.rename(root, b, name('there'), a, name('moved'), 0);
    expect(driver.fs.lookup(root, a, name('moved')).node).toBe(there);
    expect(driver.fs.counts.descriptors).toBeLessThanOrEqual(2);
  });

  test('what has no name keeps its descriptor beside the cache, until it is forgotten', () => {
    using driver = new Driver({ ...handles, maxDescriptors: 2 });
    const before = openNow();
    const make = (each: string) => driver.fs.mkdir(root, ROOT_NODE, name(each), 0o755, 0).node;
    const removed = Array.from({ length: 10 }, (_, i) => make(`removed${i}`));
    const replaced = make('replaced');
    const others = Array.from({ length: 10 }, (_, i) => make(`other${i}`));
    for (let i = 0; i < 10; i++) driver.fs.rmdir(root, ROOT_NODE, name(`removed${i}`));
    driver.fs.rename(root, ROOT_NODE, name('other0'), ROOT_NODE, name('replaced'), 0);
    for (const node of others) driver.fs.getattr(root, node, undefined);
    for (const node of [...removed, replaced]) {
      expect(driver.fs.getattr(root, node, undefined).attr.nlink).toBe(0);
      expect(driver.list(node).filter((entry) => !/^\.\.?$/.test(entry.name))).toEqual([]);
    }
    expect(driver.fs.counts.descriptors).toBeLessThanOrEqual(11 + 2);
    for (const node of [...removed, replaced]) driver.fs.forget(node, 1);
    expect(driver.fs.counts.descriptors).toBeLessThanOrEqual(2);
    expect(openNow() - before).toBeLessThanOrEqual(2);
  });

  test('a removal that fails, and one of a name among several, keeps no descriptor', () => {
    using driver = new Driver({ ...handles, maxDescriptors: 2 }, (dir) => {
      for (let i = 0; i < 10; i++) fs.mkdirSync(`${dir}/full${i}/in`, { recursive: true });
      for (let i = 0; i < 10; i++) {
        fs.writeFileSync(`${dir}/one${i}`, '');
        fs.linkSync(`${dir}/one${i}`, `${dir}/two${i}`);
      }
      fs.mkdirSync(dir + '/empty');
    });
    for (let i = 0; i < 10; i++) {
      driver.node(`full${i}`);
      const over = name(`full${i}`);
      expect(errnoOf(() => driver.fs.rmdir(root, ROOT_NODE, over))).toBe('ENOTEMPTY');
      const replace = () => driver.fs.rename(root, ROOT_NODE, name('empty'), ROOT_NODE, over, 0);
      expect(errnoOf(replace)).toBe('ENOTEMPTY');
      driver.node(`one${i}`);
      driver.fs.unlink(root, ROOT_NODE, name(`one${i}`));
    }
    expect(driver.fs.counts.descriptors).toBeLessThanOrEqual(2);
  });

  test('destroy leaves no descriptor behind', async () => {
    const before = openNow();
    {
      using driver = new Driver(handles, (dir) => fs.mkdirSync(dir + '/d'));
      driver.list(driver.node('d'));
      driver.fs.opendir(root, driver.node('d'));
      driver.fs.create(root, ROOT_NODE, name('f'), 0o600, O.O_RDWR, 0);
      driver.fs.mkdir(root, ROOT_NODE, name('gone'), 0o700, 0);
      driver.fs.rmdir(root, ROOT_NODE, name('gone'));
      driver.fs.attach(driver.host('d'));
      const fd = driver.fs.hostFd(driver.node('f'), O.O_RDONLY);
      if (fd !== undefined) driver.fs.closeHostFd(fd);
      await driver.fs.syncfs();
    }
    expect(openNow()).toBe(before);
  });
});
