import fs from 'node:fs';

import { describe, expect, test } from '@jest/globals';
import { ROOT_NODE, type Handle } from '@scorpiofs/fuse';
import { FALLOC, O, S, SEEK } from '@scorpiofs/posix';

import { BOTH_WAYS, caller, Driver, errnoOf, isRoot, name, root } from './driver.js';

const plain = { killSuidgid: false };

describe.each(BOTH_WAYS)('handles: $handles', (options) => {
  const create = (driver: Driver, file = 'f', mode = 0o600) =>
    driver.fs.create(root, ROOT_NODE, name(file), mode, O.O_RDWR, 0);

  test('reads and writes, small ones at once, large ones as promises', async () => {
    using driver = new Driver(options);
    const { entry, open } = create(driver);
    const small = driver.fs.write(root, entry.node, open.fh, 3, Buffer.from('abc'), plain);
    expect(small).toBe(3);
    const block = Buffer.alloc(1 << 20, 'x');
    const large = driver.fs.write(root, entry.node, open.fh, 6, block, plain);
    expect(large).toBeInstanceOf(Promise);
    expect(await large).toBe(1 << 20);
    const into = Buffer.alloc(1 << 20);
    const back = driver.fs.read(root, entry.node, open.fh, 6, into);
    expect(back).toBeInstanceOf(Promise);
    expect(await back).toBe(1 << 20);
    expect(into.equals(block)).toBe(true);
    expect(await driver.read(entry.node, open.fh, 6)).toBe('\0\0\0abc');
    expect(driver.fs.read(root, entry.node, open.fh, 1 << 21, Buffer.alloc(10))).toBe(0);
    expect(driver.fs.fsync(root, entry.node, open.fh, true)).toBeInstanceOf(Promise);
    await driver.fs.fsync(root, entry.node, open.fh, false);
  });

  test('a file without a name goes on for those who have it open', async () => {
    using driver = new Driver({ ...options, maxDescriptors: 1 });
    const { entry, open } = create(driver);
    void driver.fs.write(root, entry.node, open.fh, 0, Buffer.from('content'), plain);
    driver.fs.unlink(root, ROOT_NODE, name('f'));
    driver.fs.getattr(root, driver.fs.mkdir(root, ROOT_NODE, name('d'), 0o755, 0).node, undefined);
    expect(driver.fs.getattr(root, entry.node, open.fh).attr).toMatchObject({ nlink: 0, size: 7 });
    // The kernel does not always say through which open file it asks.
    expect(driver.fs.getattr(root, entry.node, undefined).attr.nlink).toBe(0);
    expect(
      driver.fs.setattr(root, entry.node, { size: 3, mode: 0o640 }, undefined).attr,
    ).toMatchObject({
      size: 3,
      mode: S.IFREG | 0o640,
    });
    expect(await driver.read(entry.node, open.fh)).toBe('con');
    const again = driver.fs.open(root, entry.node, O.O_RDONLY);
    expect(await driver.read(entry.node, again.fh)).toBe('con');
    await driver.fs.release(root, entry.node, open.fh);
    await driver.fs.release(root, entry.node, again.fh);
  });

  test('O_APPEND and O_DIRECT are not for the host: the kernel says where, and memory is not aligned', async () => {
    using driver = new Driver(options, (dir) => fs.writeFileSync(dir + '/f', '0123456789'));
    const node = driver.node('f');
    const { fh } = driver.fs.open(root, node, O.O_RDWR | O.O_APPEND | O.O_DIRECT);
    expect(await driver.fs.write(root, node, fh, 2, Buffer.from('xx'), plain)).toBe(2);
    expect(await driver.read(node, fh)).toBe('01xx456789');
  });

  test('O_TRUNC empties; devices are not opened; handles that were never given are EBADF', () => {
    using driver = new Driver(options, (dir) => fs.writeFileSync(dir + '/f', '0123456789'));
    driver.fs.open(root, driver.node('f'), O.O_WRONLY | O.O_TRUNC);
    expect(driver.find('f').attr.size).toBe(0);
    const fifo = driver.fs.mknod(root, ROOT_NODE, name('p'), S.IFIFO | 0o600, 0, 0).node;
    expect(errnoOf(() => driver.fs.open(root, fifo, O.O_RDONLY))).toBe('ENXIO');
    expect(errnoOf(() => driver.fs.open(root, ROOT_NODE, O.O_RDONLY))).toBe('EISDIR');
    const never = 99999 as Handle;
    expect(errnoOf(() => driver.fs.read(root, ROOT_NODE, never, 0, Buffer.alloc(1)))).toBe('EBADF');
  });

  test('fallocate modes, data and holes, and copies inside the kernel', async () => {
    using driver = new Driver(options);
    const { entry, open } = create(driver);
    const { node } = entry;
    await driver.fs.fallocate(root, node, open.fh, 0, 0, 1 << 20);
    expect(driver.find('f').attr.size).toBe(1 << 20);
    await driver.fs.write(root, node, open.fh, 0, Buffer.alloc(1 << 20, 1), plain);
    const punch = FALLOC.PUNCH_HOLE | FALLOC.KEEP_SIZE;
    await driver.fs.fallocate(root, node, open.fh, punch, 65536, 65536);
    expect(driver.fs.lseek(root, node, open.fh, 0, SEEK.HOLE)).toBe(65536);
    expect(driver.fs.lseek(root, node, open.fh, 65536, SEEK.DATA)).toBe(131072);
    expect(errnoOf(() => driver.fs.lseek(root, node, open.fh, 1 << 22, SEEK.DATA))).toBe('ENXIO');
    const to = create(driver, 'g');
    const ends = [
      { node, fh: open.fh, offset: 131072 },
      { node: to.entry.node, fh: to.open.fh, offset: 5 },
    ] as const;
    expect(await driver.fs.copyFileRange(root, ends[0], ends[1], 1 << 19, 0)).toBe(1 << 19);
    expect(driver.fs.copyFileRange(root, ends[0], ends[1], 100, 0)).toBe(100);
    expect(fs.readFileSync(driver.host('g'))).toEqual(
      Buffer.concat([Buffer.alloc(5), Buffer.alloc(1 << 19, 1)]),
    );
  });

  test('attributes: nanoseconds, before 1970, mode, size without an open file, owners', () => {
    using driver = new Driver(options, (dir) => {
      fs.writeFileSync(dir + '/f', '0123456789', { mode: 0o600 });
      fs.symlinkSync('x', dir + '/l');
    });
    const [f, l] = [driver.node('f'), driver.node('l')];
    const set = { atimeNs: -1n, mtimeNs: 1_700_000_000_123_456_789n, size: 4, mode: 0o1640 };
    expect(driver.fs.setattr(root, f, set, undefined).attr).toMatchObject({
      atimeNs: -1n,
      mtimeNs: 1_700_000_000_123_456_789n,
      size: 4,
      mode: S.IFREG | 0o1640,
    });
    expect(driver.fs.setattr(root, l, { mtimeNs: 5n }, undefined).attr.mtimeNs).toBe(5n);
    expect(driver.fs.setattr(root, f, { mtimeNs: 'now' }, undefined).attr.atimeNs).toBe(-1n);
    expect(errnoOf(() => driver.fs.setattr(root, l, { mode: 0o600 }, undefined))).toBe(
      'EOPNOTSUPP',
    );
    expect(errnoOf(() => driver.fs.setattr(root, ROOT_NODE, { size: 0 }, undefined))).toBe(
      'EISDIR',
    );
  });

  (isRoot ? test : test.skip)(
    'set-id bits go when anyone but root changes the file (needs root)',
    async () => {
      using driver = new Driver(options, (dir) => fs.writeFileSync(dir + '/f', 'x'));
      const node = driver.node('f');
      const arm = (mode = 0o6755) => driver.fs.setattr(root, node, { mode }, undefined);
      const mode = () => driver.fs.getattr(root, node, undefined).attr.mode & 0o7777;
      const { fh } = driver.fs.open(root, node, O.O_RDWR);
      const write = (killSuidgid: boolean) =>
        driver.fs.write(root, node, fh, 0, Buffer.from('y'), { killSuidgid });
      arm();
      await write(false);
      expect(mode()).toBe(0o6755);
      await write(true);
      expect(mode()).toBe(0o755);
      // Set-gid without x for the group is no set-gid program.
      arm(0o6745);
      await write(true);
      expect(mode()).toBe(0o2745);
      arm();
      driver.fs.setattr(root, node, { size: 0, killSuidgid: true }, undefined);
      expect(mode()).toBe(0o755);
      arm();
      driver.fs.setattr(root, node, { uid: 5, gid: 6 }, undefined);
      expect(mode()).toBe(0o755);
      // As the kernel asks for others, also where the owner stays.
      arm();
      driver.fs.setattr(root, node, { uid: 5, killSuidgid: true }, undefined);
      expect(mode()).toBe(0o755);
      arm();
      const emptied = driver.fs.open(root, node, O.O_RDWR | O.O_TRUNC, true);
      await driver.fs.release(root, node, emptied.fh);
      expect(mode()).toBe(0o755);
    },
  );
});

test('pages are kept over opens as long as nobody changed the file', async () => {
  using driver = new Driver({ passthroughMinSize: 'never' }, (dir) =>
    fs.writeFileSync(dir + '/f', 'x'),
  );
  const node = driver.node('f');
  const open = async (change?: () => unknown) => {
    const reply = driver.fs.open(root, node, O.O_RDWR);
    await change?.call(undefined);
    await driver.fs.release(root, node, reply.fh);
    return reply.keepCache;
  };
  expect(await open()).toBe(false);
  expect(await open()).toBe(true);
  // Written through the kernel, which has the pages itself.
  const { fh } = driver.fs.open(root, node, O.O_RDWR);
  await driver.fs.write(root, node, fh, 0, Buffer.from('y'), plain);
  await driver.fs.release(root, node, fh);
  expect(await open()).toBe(true);
  fs.writeFileSync(driver.host('f'), 'changed behind our back');
  expect(await open()).toBe(false);
});

test('passthrough: for writing, or from a size on; all opens of one file agree (fuse-transport §3)', async () => {
  using driver = new Driver({ passthroughMinSize: 1000 }, (dir) => {
    fs.writeFileSync(dir + '/small', 'x');
    fs.writeFileSync(dir + '/large', 'x'.repeat(1000));
  });
  const [small, large] = [driver.node('small'), driver.node('large')];
  const open = (node: typeof small, flags: number) => driver.fs.open(root, node, flags);
  expect(open(large, O.O_RDONLY).backingFd).toBeGreaterThan(2);
  const reader = open(small, O.O_RDONLY);
  expect(reader.backingFd).toBeUndefined();
  const writer = open(small, O.O_RDWR);
  expect(writer.backingFd).toBeUndefined();
  await driver.fs.release(root, small, reader.fh);
  await driver.fs.release(root, small, writer.fh);
  const first = open(small, O.O_RDWR);
  expect(first).toMatchObject({ backingFd: first.fh - 1 });
  const reader2 = open(small, O.O_RDONLY);
  expect(reader2.backingFd).toBeGreaterThan(2);
  await driver.fs.release(root, small, first.fh);
  await driver.fs.release(root, small, reader2.fh);
  // A set-id program written by somebody else must lose its bits, which only a plain write can see to.
  driver.fs.setattr(root, small, { mode: 0o4777 }, undefined);
  expect(driver.fs.open(caller(1000), small, O.O_WRONLY).backingFd).toBeUndefined();
});
