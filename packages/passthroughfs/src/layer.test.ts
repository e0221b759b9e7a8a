import fs from 'node:fs';

import { expect, test } from '@jest/globals';
import { FsError, ROOT_NODE, type NodeId } from '@scorpiofs/fuse';
import { CAP, hasCapability, lgetxattr, mount, O, umount2 } from '@scorpiofs/posix';

import { BOTH_WAYS, Driver, name, root } from './driver.js';
import { PassthroughFs } from './passthrough-fs.js';

const hostFd = (driver: Driver, node: NodeId) => driver.fs.hostFd(node, O.O_RDONLY) ?? -1;

test('hostFd reads the file itself; there is none for what is no file', () => {
  using driver = new Driver({}, (dir) => fs.writeFileSync(dir + '/f', 'content'));
  const fd = hostFd(driver, driver.node('f'));
  expect(fs.readFileSync(fd, 'utf8')).toBe('content');
  driver.fs.closeHostFd(fd);
  expect(driver.fs.hostFd(ROOT_NODE, O.O_RDONLY)).toBeUndefined();
});

test.each([
  ['empty', 0, 0],
  ['small, with a hole', 100_000, 40_000],
  ['large, with a hole at the end', 40 << 20, 3 << 20],
])('copyFrom keeps bytes, size and holes: %s', async (_, size, dataAt) => {
  using lower = new Driver({}, (dir) => {
    fs.writeFileSync(dir + '/f', '');
    fs.truncateSync(dir + '/f', size);
    const fd = fs.openSync(dir + '/f', 'r+');
    if (size > 0) fs.writeSync(fd, Buffer.alloc(50_000, 7), 0, 50_000, dataAt);
    fs.closeSync(fd);
  });
  using upper = new Driver();
  const { entry, open } = upper.fs.create(root, ROOT_NODE, name('f'), 0o600, O.O_RDWR, 0);
  const source = hostFd(lower, lower.node('f'));
  const done = upper.fs.copyFrom(root, entry.node, open.fh, source, size);
  expect(done instanceof Promise).toBe(size > 1 << 20);
  await done;
  lower.fs.closeHostFd(source);
  const [from, to] = [fs.readFileSync(lower.host('f')), fs.readFileSync(upper.host('f'))];
  expect(to.equals(from)).toBe(true);
  const { blocks } = fs.statSync(upper.host('f'));
  expect(blocks).toBeLessThanOrEqual(fs.statSync(lower.host('f')).blocks + 16);
});

test.each([1000, 500_000])(
  'copyFrom fails when the source is shorter than it was said to be (%i): no tail of zeros',
  async (size) => {
    using lower = new Driver({}, (dir) => fs.writeFileSync(dir + '/f', 'x'.repeat(size)));
    using upper = new Driver();
    const { entry, open } = upper.fs.create(root, ROOT_NODE, name('f'), 0o600, O.O_RDWR, 0);
    const source = hostFd(lower, lower.node('f'));
    fs.truncateSync(lower.host('f'), size - 1);
    const copy = async () => upper.fs.copyFrom(root, entry.node, open.fh, source, size);
    await expect(copy()).rejects.toThrow('EIO');
    lower.fs.closeHostFd(source);
  },
);

test('roots beside the shown one: rename from a work directory into it', () => {
  using driver = new Driver({}, (dir) => {
    fs.mkdirSync(dir + '/upper');
    fs.mkdirSync(dir + '/work');
  });
  const layer = new PassthroughFs(driver.host('upper'));
  const work = layer.attach(driver.host('work'));
  expect(work).not.toBe(ROOT_NODE);
  expect(layer.attach(driver.host('work'))).toBe(work);
  layer.forget(work, 1);
  layer.mkdir(root, work, name('#1'), 0o755, 0);
  layer.rename(root, work, name('#1'), ROOT_NODE, name('made'), 0);
  expect(fs.readdirSync(driver.host('upper'))).toEqual(['made']);
  layer.destroy();
});

test('fsid is equal for layers on one file system and stays over a restart', () => {
  using one = new Driver();
  using two = new Driver();
  expect(one.fs.fsid).toBe(two.fs.fsid);
  const proc = new PassthroughFs('/proc/self');
  expect(proc.fsid).not.toBe(one.fs.fsid);
  proc.destroy();
});

test.each(BOTH_WAYS)('originOf and inoOfOrigin, handles: $handles', ({ handles }) => {
  using driver = new Driver({ handles }, (dir) => fs.writeFileSync(dir + '/f', ''));
  const { node, attr } = driver.find('f');
  const origin = driver.fs.originOf(node);
  if (origin === undefined) {
    expect(handles === 'never' || !hasCapability(CAP.DAC_READ_SEARCH)).toBe(true);
    return;
  }
  fs.renameSync(driver.host('f'), driver.host('g'));
  const afterRestart = new PassthroughFs(driver.dir);
  expect(afterRestart.inoOfOrigin(origin)).toBe(attr.ino);
  const damaged = Buffer.from(origin);
  damaged[10] = (damaged[10] ?? 0) ^ 1; // another file system's UUID
  expect(afterRestart.inoOfOrigin(damaged)).toBeUndefined();
  expect(afterRestart.inoOfOrigin(Buffer.from('garbage'))).toBeUndefined();
  expect(afterRestart.inoOfOrigin(origin.subarray(0, 20))).toBeUndefined();
  fs.unlinkSync(driver.host('g'));
  expect(afterRestart.inoOfOrigin(origin)).toBeUndefined();
  afterRestart.destroy();
});

(hasCapability(CAP.SYS_ADMIN) ? test : test.skip)(
  "originOf writes what the kernel's overlay writes (needs CAP_SYS_ADMIN)",
  () => {
    using driver = new Driver({}, (dir) => {
      for (const each of ['lower', 'upper', 'work', 'merged']) fs.mkdirSync(`${dir}/${each}`);
      fs.writeFileSync(dir + '/lower/f', 'content');
    });
    const layers = ['lower', 'upper', 'work'].map((each) => `${each}dir=${driver.host(each)}`);
    const merged = driver.host('merged');
    const overlay = { source: 'overlay', target: merged, type: 'overlay', flags: 0 };
    expect(mount({ ...overlay, data: layers.join(',') })).toBe(0);
    try {
      fs.chmodSync(merged + '/f', 0o600);
    } finally {
      umount2(merged);
    }
    const written = lgetxattr(driver.host('upper/f'), 'trusted.overlay.origin');
    // Empty: the overlay could not encode a handle on this file system.
    if (typeof written === 'number' || written.length === 0) return;
    expect(driver.fs.originOf(driver.node('lower/f'))).toEqual(written);
  },
);

test('a failure is an FsError with the errno of the host', () => {
  using driver = new Driver();
  expect(() => driver.fs.unlink(root, ROOT_NODE, name('none'))).toThrow(FsError);
});

test.each(BOTH_WAYS)('a directory is listed from its start each time (%j)', (options) => {
  using driver = new Driver(options, (dir) => fs.mkdirSync(dir + '/d'));
  const node = driver.node('d');
  const names = () => {
    const listed = driver.fs.list(root, node);
    return listed instanceof Promise ? [] : listed.map((entry) => String(entry.name)).toSorted();
  };
  expect(names()).toEqual([]);
  const { descriptors } = driver.fs.counts;
  for (const file of ['a', 'b']) fs.writeFileSync(driver.host(`d/${file}`), '');
  expect(names()).toEqual(['a', 'b']);
  fs.unlinkSync(driver.host('d/a'));
  expect(names()).toEqual(['b']);
  // By the descriptor that look-ups in it use.
  driver.fs.lookup(root, node, name('b'));
  expect(driver.fs.counts.descriptors).toBe(descriptors);
});

test.each(BOTH_WAYS)(
  'listings of one large directory at the same time are all whole (D13, %j)',
  async (options) => {
    using driver = new Driver(options, (dir) => {
      for (let i = 0; i < 10_000; i++) fs.writeFileSync(`${dir}/file-with-a-longer-name-${i}`, '');
    });
    const all = await Promise.all(
      Array.from({ length: 3 }, async () => await driver.fs.list(root, ROOT_NODE)),
    );
    for (const listed of all) expect(new Set(listed.map((entry) => entry.name)).size).toBe(10_000);
    expect(all.map((listed) => listed.length)).toEqual([10_000, 10_000, 10_000]);
    expect(driver.fs.lookup(root, ROOT_NODE, name('file-with-a-longer-name-1')).node).not.toBe(0);
  },
);
