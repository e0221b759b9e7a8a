import assert from 'node:assert/strict';
import { FALLOC, O, SEEK } from '@scorpiofs/posix';
import { fails, pattern, tick, withOpen, type Cases } from '../case.js';

const RW = O.O_RDWR | O.O_CREAT;
const { KEEP_SIZE, PUNCH_HOLE, ZERO_RANGE } = FALLOC;

/** Sizes, holes and reserved space. */
export const space = {
  'truncate: shorter, longer, same': {
    guards: 'truncate(2): what is cut off is gone for good, what is added is zero',
    async run({ fs }) {
      await fs.writeFile('f', 'abcdef');
      await fs.truncate('f', 3);
      assert.equal(await fs.text('f'), 'abc');
      await fs.truncate('f', 6);
      assert.deepEqual(await fs.readFile('f'), Buffer.from('abc\0\0\0'));
      await fs.truncate('f', 6);
      assert.equal((await fs.stat('f')).size, 6);
      await fs.truncate('f', 0);
      assert.equal((await fs.stat('f')).size, 0);
    },
  },
  'truncate: within a page, then longer': {
    guards: 'truncate(2): no old byte comes back',
    async run({ fs }) {
      await fs.writeFile('f', Buffer.alloc(12_000, 1));
      await fs.truncate('f', 5001);
      await fs.truncate('f', 12_000);
      const bytes = await fs.readFile('f');
      assert.ok(bytes.subarray(0, 5001).every((byte) => byte === 1));
      assert.ok(bytes.subarray(5001).every((byte) => byte === 0));
    },
  },
  'truncate: through a descriptor': {
    guards: 'ftruncate(2); EINVAL on a descriptor for reading',
    async run({ fs }) {
      await fs.writeFile('f', 'abcdef');
      await withOpen(fs.open('f', O.O_RDWR), async (file) => {
        await file.truncate(2);
        assert.equal((await file.stat()).size, 2);
        assert.equal((await file.read(10, 0)).toString(), 'ab');
      });
      await withOpen(fs.open('f', O.O_RDONLY), (file) => fails('EINVAL', file.truncate(1)));
    },
  },
  'truncate: what is not a file': {
    guards: 'truncate(2): EISDIR, ENOENT',
    async run({ fs }) {
      await fs.mkdir('d');
      await fails('EISDIR', fs.truncate('d', 0));
      await fails('ENOENT', fs.truncate('nothing', 0));
    },
  },
  'truncate: sizes above 4 GiB': {
    guards: 'truncate(2): 64-bit sizes; such a file takes no space',
    async run({ fs }) {
      const size = 6 * 2 ** 30 + 123;
      await fs.writeFile('f', 'start');
      await fs.truncate('f', size);
      const attr = await fs.stat('f');
      assert.equal(attr.size, size);
      assert.ok(attr.blocks <= 16, `${attr.blocks} blocks`);
      await withOpen(fs.open('f', O.O_RDWR), async (file) => {
        await file.write('end', size - 3);
        assert.equal((await file.read(10, size - 3)).toString(), 'end');
        assert.deepEqual(await file.read(4, 5 * 2 ** 30), Buffer.alloc(4));
      });
    },
  },
  'hole: write behind the end': {
    guards: 'lseek(2): the gap reads as zeros',
    async run({ fs }) {
      await withOpen(fs.open('f', RW), async (file) => {
        await file.write('x', 100_000);
        assert.equal((await file.stat()).size, 100_001);
        const gap = await file.read(100_000, 0);
        assert.equal(gap.length, 100_000);
        assert.ok(gap.every((byte) => byte === 0));
      });
    },
  },
  'hole: takes no blocks': {
    guards: 'inode(7): st_blocks counts what is stored',
    async run({ fs }) {
      await withOpen(fs.open('f', RW), (file) => file.write('x', 10 * 2 ** 20));
      const { blocks, size } = await fs.stat('f');
      assert.equal(size, 10 * 2 ** 20 + 1);
      assert.ok(blocks > 0 && blocks <= 16, `${blocks} blocks`);
    },
  },
  'hole: SEEK_DATA and SEEK_HOLE': {
    guards: 'lseek(2): data and holes are told apart; the end is a hole',
    async run({ fs }) {
      await withOpen(fs.open('f', RW), async (file) => {
        await file.write(pattern(8192), 65_536);
        await file.write(pattern(4096), 262_144);
        await file.truncate(400_000);
        await file.sync();
        assert.equal(await file.seek(0, SEEK.HOLE), 0);
        assert.equal(await file.seek(0, SEEK.DATA), 65_536);
        assert.equal(await file.seek(66_000, SEEK.DATA), 66_000);
        assert.equal(await file.seek(66_000, SEEK.HOLE), 73_728);
        assert.equal(await file.seek(73_728, SEEK.DATA), 262_144);
        assert.equal(await file.seek(262_144, SEEK.HOLE), 266_240);
        await fails('ENXIO', file.seek(266_240, SEEK.DATA));
        assert.equal(await file.seek(300_000, SEEK.HOLE), 300_000);
      });
    },
  },
  'hole: seeking at the end': {
    guards: 'lseek(2): ENXIO at and behind the end',
    async run({ fs }) {
      await fs.writeFile('f', pattern(5000));
      await withOpen(fs.open('f', O.O_RDONLY), async (file) => {
        assert.equal(await file.seek(0, SEEK.HOLE), 5000);
        assert.equal(await file.seek(4999, SEEK.HOLE), 5000);
        await fails('ENXIO', file.seek(5000, SEEK.DATA));
        await fails('ENXIO', file.seek(5000, SEEK.HOLE));
      });
    },
  },
  'fallocate: plain': {
    guards: 'fallocate(2): longer, zero, and the blocks are there',
    async run({ fs }) {
      await fs.writeFile('f', 'abc');
      await withOpen(fs.open('f', O.O_RDWR), (file) => file.allocate(0, 0, 50_000));
      const attr = await fs.stat('f');
      assert.equal(attr.size, 50_000);
      assert.ok(attr.blocks * 512 >= 50_000);
      const bytes = await fs.readFile('f');
      assert.equal(bytes.subarray(0, 3).toString(), 'abc');
      assert.ok(bytes.subarray(3).every((byte) => byte === 0));
    },
  },
  'fallocate: keeps what is there': {
    guards: 'fallocate(2): existing data is not touched, a file does not shrink',
    async run({ fs }) {
      const bytes = pattern(30_000);
      await fs.writeFile('f', bytes);
      await withOpen(fs.open('f', O.O_RDWR), (file) => file.allocate(0, 100, 10_000));
      assert.ok((await fs.readFile('f')).equals(bytes));
    },
  },
  'fallocate: KEEP_SIZE': {
    guards: 'fallocate(2): blocks behind the end, the size stays',
    async run({ fs }) {
      await fs.writeFile('f', 'abc');
      await withOpen(fs.open('f', O.O_RDWR), (file) => file.allocate(KEEP_SIZE, 0, 50_000));
      const attr = await fs.stat('f');
      assert.equal(attr.size, 3);
      assert.ok(attr.blocks * 512 >= 50_000);
    },
  },
  'fallocate: PUNCH_HOLE': {
    guards: 'fallocate(2): zeros, blocks given back, the size stays',
    async run({ fs }) {
      const bytes = pattern(65_536);
      await fs.writeFile('f', bytes);
      const before = (await fs.stat('f')).blocks;
      await withOpen(fs.open('f', O.O_RDWR), async (file) => {
        await file.sync();
        await file.allocate(PUNCH_HOLE | KEEP_SIZE, 5000, 30_000);
      });
      bytes.fill(0, 5000, 35_000);
      assert.ok((await fs.readFile('f')).equals(bytes));
      const attr = await fs.stat('f');
      assert.equal(attr.size, 65_536);
      assert.ok(attr.blocks < before, `${attr.blocks} of ${before} blocks`);
    },
  },
  'fallocate: ZERO_RANGE': {
    guards: 'fallocate(2): zeros; longer without KEEP_SIZE',
    async run({ fs }) {
      const bytes = pattern(20_000);
      await fs.writeFile('f', bytes);
      await withOpen(fs.open('f', O.O_RDWR), async (file) => {
        await file.allocate(ZERO_RANGE | KEEP_SIZE, 15_000, 50_000);
        assert.equal((await file.stat()).size, 20_000);
        await file.allocate(ZERO_RANGE, 15_000, 50_000);
        assert.equal((await file.stat()).size, 65_000);
      });
      const after = await fs.readFile('f');
      assert.ok(after.subarray(0, 15_000).equals(bytes.subarray(0, 15_000)));
      assert.ok(after.subarray(15_000).every((byte) => byte === 0));
    },
  },
  'fallocate: bad arguments': {
    guards: 'fallocate(2): EINVAL, EBADF, EOPNOTSUPP',
    async run({ fs }) {
      await fs.writeFile('f', 'abc');
      await withOpen(fs.open('f', O.O_RDWR), async (file) => {
        await fails('EINVAL', file.allocate(0, 0, 0));
        await fails('EINVAL', file.allocate(0, -1, 10));
        await fails('EOPNOTSUPP', file.allocate(PUNCH_HOLE, 0, 10));
      });
      await withOpen(fs.open('f', O.O_RDONLY), (file) => fails('EBADF', file.allocate(0, 0, 10)));
    },
  },
  'fallocate: changes mtime and ctime': {
    guards: 'fallocate(2): it is a change of contents',
    async run({ fs }) {
      await fs.writeFile('f', 'abc');
      const before = await fs.stat('f');
      await tick();
      await withOpen(fs.open('f', O.O_RDWR), (file) => file.allocate(0, 0, 5000));
      assert.ok((await fs.stat('f')).ctimeNs > before.ctimeNs);
    },
  },
  'copy_file_range: whole and parts': {
    guards: 'copy_file_range(2): bytes, offsets, short at the end',
    async run({ fs }) {
      const bytes = pattern(50_000);
      await fs.writeFile('a', bytes);
      const a = await fs.open('a', O.O_RDONLY);
      const b = await fs.open('b', RW);
      assert.equal(await a.copyTo(b, 0, 0, 50_000), 50_000);
      assert.equal(await a.copyTo(b, 10_000, 60_000, 1000), 1000);
      assert.equal(await a.copyTo(b, 49_000, 70_000, 5000), 1000);
      assert.equal(await a.copyTo(b, 50_000, 0, 10), 0);
      await a.close();
      await b.close();
      const after = await fs.readFile('b');
      assert.equal(after.length, 71_000);
      assert.ok(after.subarray(0, 50_000).equals(bytes));
      assert.ok(after.subarray(50_000, 60_000).every((byte) => byte === 0));
      assert.ok(after.subarray(60_000, 61_000).equals(bytes.subarray(10_000, 11_000)));
      assert.ok(after.subarray(70_000).equals(bytes.subarray(49_000)));
    },
  },
  'copy_file_range: within one file': {
    guards: 'copy_file_range(2): EINVAL when the ranges overlap',
    async run({ fs }) {
      await fs.writeFile('f', pattern(10_000));
      await withOpen(fs.open('f', O.O_RDWR), async (file) => {
        await fails('EINVAL', file.copyTo(file, 0, 100, 1000));
        assert.equal(await file.copyTo(file, 0, 20_000, 1000), 1000);
      });
      const bytes = await fs.readFile('f');
      assert.ok(bytes.subarray(20_000).equals(bytes.subarray(0, 1000)));
    },
  },
  'copy_file_range: wrong descriptors': {
    guards: 'copy_file_range(2): EBADF against the open modes and O_APPEND',
    async run({ fs }) {
      await fs.writeFile('a', 'abc');
      await fs.writeFile('b', '');
      const reader = await fs.open('a', O.O_RDONLY);
      const writer = await fs.open('b', O.O_WRONLY);
      const append = await fs.open('b', O.O_WRONLY | O.O_APPEND);
      await fails('EBADF', writer.copyTo(writer, 0, 10, 1));
      await fails('EBADF', reader.copyTo(reader, 0, 10, 1));
      await fails('EBADF', reader.copyTo(append, 0, 0, 1));
      await Promise.all([reader.close(), writer.close(), append.close()]);
    },
  },
  'statfs: plausible': {
    guards: 'statfs(2): block sizes, free not above total, NAME_MAX',
    async run({ fs }) {
      const s = await fs.statfs('.');
      assert.ok(s.bsize >= 512);
      assert.ok(s.blocks > 0n);
      assert.ok(s.bfree <= s.blocks && s.bavail <= s.bfree);
      assert.ok(s.ffree <= s.files);
      assert.equal(s.namelen, 255);
    },
  },
} as const satisfies Cases;
