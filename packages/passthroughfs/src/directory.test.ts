import fs from 'node:fs';
import os from 'node:os';

import { describe, expect, test } from '@jest/globals';
import { ROOT_NODE } from '@scorpiofs/fuse';
import { S } from '@scorpiofs/posix';

import { BOTH_WAYS, Driver as AnyDriver, errnoOf, name, root, Sink } from './driver.js';
import type { PassthroughOptions } from './options.js';

/** On a disk: ext4 has positions of 63 bits, tmpfs small numbers. */
class Driver extends AnyDriver {
  constructor(options: PassthroughOptions, prepare: (dir: string) => void) {
    super(options, prepare, os.tmpdir());
  }
}

// Names of one file: a listing is about names, and making files is what takes the time.
const fill = (dir: string, count: number) => {
  const path = (i: number) => `${dir}/file-${i}`.padEnd(80, '-');
  fs.writeFileSync(path(0), '');
  for (let i = 1; i < count; i++) fs.linkSync(path(0), path(i));
};
const fillWithFiles = (dir: string, count: number) => {
  for (let i = 0; i < count; i++) fs.writeFileSync(`${dir}/file-${i}`, '');
};

describe.each(BOTH_WAYS)('handles: $handles', (options) => {
  test.each([1, 3, 50, 1000])('a listing by %d entries has each entry once', (room) => {
    using driver = new Driver(options, (dir) => fill(dir, 1200));
    const names = driver.list(ROOT_NODE, false, room).map((entry) => entry.name);
    const wanted = ['.', '..', ...fs.readdirSync(driver.dir)];
    expect(names.toSorted()).toEqual(wanted.toSorted());
  });

  test('types and inode numbers as stat shows them; nothing above the root', () => {
    using driver = new Driver(options, (dir) => {
      fs.mkdirSync(dir + '/d');
      fs.symlinkSync('x', dir + '/l');
      fs.writeFileSync(dir + '/f', '');
    });
    const by = new Map(driver.list(ROOT_NODE).map((entry) => [entry.name, entry]));
    expect([by.get('d')?.type, by.get('l')?.type, by.get('f')?.type]).toEqual([
      S.IFDIR,
      S.IFLNK,
      S.IFREG,
    ]);
    expect(by.get('f')?.ino).toBe(driver.find('f').attr.ino);
    expect(by.get('..')?.ino).toBe(by.get('.')?.ino);
  });

  test('with attributes: one reference for each entry that was taken, none for others', () => {
    using driver = new Driver(options, (dir) => fillWithFiles(dir, 20));
    const before = driver.fs.counts;
    const { fh } = driver.fs.opendir(root, ROOT_NODE);
    const sink = new Sink(true, 5);
    driver.fs.readdir(root, ROOT_NODE, fh, 0, sink);
    const taken = sink.entries.flatMap(({ entry }) => entry ?? []);
    expect(driver.fs.counts.nodes).toBe(before.nodes + taken.length);
    expect(taken.length).toBeGreaterThanOrEqual(3);
    for (const { node } of taken) driver.fs.forget(node, 1);
    driver.fs.releasedir(root, ROOT_NODE, fh);
    expect(driver.fs.counts).toEqual(before);
  });

  test('going back to a cookie gives what follows it, as often as asked', () => {
    using driver = new Driver(options, (dir) => fill(dir, 700));
    const all = driver.list(ROOT_NODE);
    const { fh } = driver.fs.opendir(root, ROOT_NODE);
    const after = (offset: number, room: number) => {
      const sink = new Sink(false, room);
      driver.fs.readdir(root, ROOT_NODE, fh, offset, sink);
      return sink.entries.map((entry) => [entry.name, entry.offset]);
    };
    const wanted = all.map((entry) => [entry.name, entry.offset]);
    expect(after(0, 600)).toEqual(wanted.slice(0, 600));
    for (const at of [599, 3, 580, 1, 590, 300]) {
      expect(after(all[at]?.offset ?? -1, 90)).toEqual(wanted.slice(at + 1, at + 91));
    }
    expect(after(0, 10)).toEqual(wanted.slice(0, 10));
    driver.fs.releasedir(root, ROOT_NODE, fh);
  });

  test('a cookie from an earlier open goes on behind as many entries (cached listings)', () => {
    using driver = new Driver(options, (dir) => fill(dir, 700));
    const all = driver.list(ROOT_NODE);
    const { fh } = driver.fs.opendir(root, ROOT_NODE);
    const sink = new Sink(false, 10);
    driver.fs.readdir(root, ROOT_NODE, fh, all[649]?.offset ?? -1, sink);
    expect(sink.entries.map((entry) => entry.name)).toEqual(
      all.slice(650, 660).map((entry) => entry.name),
    );
    const end = new Sink(false, 10);
    driver.fs.readdir(root, ROOT_NODE, fh, 99_999, end);
    expect(end.entries).toEqual([]);
  });

  test('stable while entries come and go: who stays is listed exactly once', () => {
    using driver = new Driver(options, (dir) => fill(dir, 1000));
    const { fh } = driver.fs.opendir(root, ROOT_NODE);
    const seen: string[] = [];
    const removed = new Set<string>();
    const victims = fs.readdirSync(driver.dir).filter((_, i) => i % 3 === 0);
    for (let offset = 0, added = 0; ; added++) {
      const sink = new Sink(added % 2 === 0, 13);
      driver.fs.readdir(root, ROOT_NODE, fh, offset, sink);
      const last = sink.entries.at(-1);
      if (last === undefined) break;
      seen.push(...sink.entries.map((entry) => entry.name));
      offset = last.offset;
      fs.writeFileSync(driver.host(`added-${added}`), '');
      const victim = victims.pop();
      if (victim !== undefined) {
        driver.fs.unlink(root, ROOT_NODE, name(victim));
        removed.add(victim);
      }
    }
    const stayed = fs.readdirSync(driver.dir).filter((each) => each.startsWith('file-'));
    expect(
      seen.filter((each) => each.startsWith('file-') && !removed.has(each)).toSorted(),
    ).toEqual(stayed.toSorted());
    expect(new Set(seen).size).toBe(seen.length);
  });

  test('rmdir of a directory that is being read ends its listing', () => {
    using driver = new Driver(options, (dir) => fs.mkdirSync(dir + '/d'));
    const node = driver.node('d');
    const { fh } = driver.fs.opendir(root, node);
    driver.fs.rmdir(root, ROOT_NODE, name('d'));
    const sink = new Sink(false, 10);
    driver.fs.readdir(root, node, fh, 0, sink);
    expect(sink.entries).toEqual([]);
    driver.fs.releasedir(root, node, fh);
    expect(errnoOf(() => driver.fs.readdir(root, node, fh, 0, sink))).toBe('EBADF');
  });

  test('list, for unions: names, types and numbers; a large directory over several turns', async () => {
    using driver = new Driver(options, (dir) => {
      fs.mkdirSync(dir + '/small/d', { recursive: true });
      fs.mkdirSync(dir + '/large');
      fill(dir + '/large', 3500);
    });
    const before = driver.fs.counts;
    const small = driver.node('small');
    expect(driver.fs.list(root, small)).toEqual([
      { name: 'd', type: S.IFDIR, ino: fs.statSync(driver.host('small/d'), { bigint: true }).ino },
    ]);
    const large = driver.fs.list(root, driver.node('large'));
    expect(large).toBeInstanceOf(Promise);
    expect((await large).length).toBe(3500);
    expect(driver.fs.counts.nodes).toBe(before.nodes + 2);
  });
});
