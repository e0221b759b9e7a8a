import { describe, expect, test } from '@jest/globals';

import { isFuse, isInside, mountAt, parseMountTable } from './mount-table.js';

const TEXT = `22 1 254:0 / / rw,relatime shared:1 master:2 - ext4 /dev/root rw
41 22 0:39 / /tmp/a\\040b\\134c rw,nosuid,nodev - fuse.scorpiofs scorpio\\054fs rw,user_id=0,group_id=0
42 41 0:40 / /tmp/a\\040b\\134c ro - fuse x rw
garbage
43 22 0:41 / /proc rw - proc proc rw
`;

describe('the mount table', () => {
  const table = parseMountTable(TEXT);

  test('fields, optional fields and escapes', () => {
    expect(table).toHaveLength(4);
    expect(table[1]).toEqual({
      id: 41,
      parentId: 22,
      device: '0:39',
      root: '/',
      mountpoint: '/tmp/a b\\c',
      options: 'rw,nosuid,nodev',
      type: 'fuse.scorpiofs',
      source: 'scorpio,fs',
      superOptions: 'rw,user_id=0,group_id=0',
    });
    expect(table.map(isFuse)).toEqual([false, true, true, false]);
  });

  test('the last one mounted at a path is the one seen', () => {
    expect(mountAt(table, '/tmp/a b\\c')?.id).toBe(42);
    expect(mountAt(table, '/tmp')).toBeUndefined();
  });

  test('inside is by whole names', () => {
    expect([isInside('/a/b', '/a'), isInside('/a', '/a'), isInside('/ab', '/a')]).toEqual([
      true,
      true,
      false,
    ]);
    expect(isInside('/a', '/')).toBe(true);
  });
});
