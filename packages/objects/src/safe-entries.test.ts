import { describe, expect, test } from '@jest/globals';
import type { TreeName } from './name.js';
import { EMPTY_BLOB } from './oid.js';
import { safeEntries } from './safe-entries.js';
import type { TreeEntry } from './tree.js';

const entry = (name: string): TreeEntry => ({
  name: name as TreeName,
  kind: 'file',
  oid: EMPTY_BLOB,
});

describe('C10: what a directory shows of a listing', () => {
  test('drops what cannot be a name and later duplicates, keeps the order, says what and where', () => {
    const received = ['a', '', 'c', 'b', '.', '..', 'x/y', 'n\0l', 'a', 'd', 'c'].map(entry);
    const { entries, dropped } = safeEntries(received);
    expect(entries.map((e) => e.name)).toEqual(['a', 'c', 'b', 'd']);
    expect(dropped).toEqual([
      { index: 1, name: '', problem: 'empty' },
      { index: 4, name: '.', problem: 'dot' },
      { index: 5, name: '..', problem: 'dot' },
      { index: 6, name: 'x/y', problem: 'slash' },
      { index: 7, name: 'n\0l', problem: 'nul' },
      { index: 8, name: 'a', problem: 'duplicate' },
      { index: 10, name: 'c', problem: 'duplicate' },
    ]);
  });

  test('finds a duplicate that stands right behind its first in a rising order', () => {
    expect(safeEntries(['a', 'b', 'b', 'c'].map(entry)).dropped).toEqual([
      { index: 2, name: 'b', problem: 'duplicate' },
    ]);
  });

  test('of two with one name the first stays', () => {
    const second: TreeEntry = { ...entry('a'), kind: 'directory' };
    expect(safeEntries([entry('a'), second]).entries).toEqual([entry('a')]);
  });
});
