import { describe, expect, test } from '@jest/globals';

import {
  decodeStruct,
  encodeStruct,
  getU64,
  putU32,
  putU64,
  struct,
  type Fields,
} from './layout.js';
import * as structs from './structs.js';

// Sizes of the C structures (linux/fuse.h 7.45; fuse-transport §2).
const SIZES = {
  IN_HEADER: 40,
  OUT_HEADER: 16,
  INIT_IN: 64,
  INIT_OUT: 64,
  ATTR: 88,
  ENTRY_OUT: 40,
  ATTR_OUT: 16,
  FORGET_IN: 8,
  BATCH_FORGET_IN: 8,
  FORGET_ONE: 16,
  GETATTR_IN: 16,
  SETATTR_IN: 88,
  MKNOD_IN: 16,
  MKDIR_IN: 8,
  RENAME_IN: 8,
  RENAME2_IN: 16,
  LINK_IN: 8,
  OPEN_IN: 8,
  OPEN_OUT: 16,
  CREATE_IN: 16,
  RELEASE_IN: 24,
  FLUSH_IN: 24,
  FSYNC_IN: 16,
  READ_IN: 40,
  WRITE_IN: 40,
  WRITE_OUT: 8,
  STATFS_OUT: 80,
  SETXATTR_IN: 16,
  SETXATTR_IN_SHORT: 8,
  GETXATTR_IN: 8,
  GETXATTR_OUT: 8,
  LK_IN: 48,
  LK_OUT: 24,
  ACCESS_IN: 8,
  INTERRUPT_IN: 8,
  BMAP_IN: 16,
  IOCTL_IN: 32,
  IOCTL_OUT: 16,
  FILE_FLAGS: 4,
  FSXATTR: 28,
  POLL_IN: 24,
  FALLOCATE_IN: 32,
  LSEEK_IN: 24,
  LSEEK_OUT: 8,
  COPY_FILE_RANGE_IN: 56,
  COPY_FILE_RANGE_OUT: 8,
  SYNCFS_IN: 8,
  STATX_IN: 24,
  DIRENT: 24,
  NOTIFY_INVAL_INODE: 24,
  NOTIFY_INVAL_ENTRY: 16,
  NOTIFY_DELETE: 24,
  NOTIFY_STORE: 24,
  NOTIFY_PRUNE: 16,
  BACKING_MAP: 16,
};

describe('the table of structures', () => {
  test('every structure has the size of the kernel’s', () => {
    const sizes = Object.fromEntries(Object.entries(structs).map(([name, s]) => [name, s.size]));
    expect(sizes).toEqual(SIZES);
  });

  test('what is encoded is decoded again, field by field', () => {
    for (const of of Object.values(structs)) {
      const values = Object.fromEntries(Object.keys(of.fields).map((f, i) => [f, BigInt(i + 1)]));
      const decoded = decodeStruct(of, encodeStruct<Fields>(of, values), 0);
      for (const [field, value] of Object.entries(values)) {
        expect([of.name, field, BigInt(decoded[field] ?? 0)]).toEqual([of.name, field, value]);
      }
    }
  });

  test('a field that is not aligned is refused: padding would be missing', () => {
    expect(() => struct('wrong', { a: 'u32', b: 'u64' })).toThrow(/wrong.b/);
  });
});

describe('single fields', () => {
  const s = struct('s', { wide: 'u64', narrow: 'u32', rest: 'u32' });

  test('numbers up to 2^53 - 1 survive', () => {
    const b = Buffer.alloc(s.size);
    for (const value of [0, 1, 2 ** 32 - 1, 2 ** 32, Number.MAX_SAFE_INTEGER]) {
      putU64(b, 0, s.at.wide, value);
      expect(getU64(b, 0, s.at.wide)).toBe(value);
    }
  });

  test('what does not fit throws instead of becoming another number', () => {
    const b = Buffer.alloc(s.size);
    for (const value of [-1, 0.5, Number.NaN, 2 ** 53]) {
      expect(() => putU64(b, 0, s.at.wide, value)).toThrow(/not a u64|out of range/);
    }
    expect(() => putU32(b, 0, s.at.narrow, 2 ** 32)).toThrow(/not a u64|out of range/);
  });
});
