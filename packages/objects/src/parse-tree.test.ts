import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { encodeTree } from './encode-tree.js';
import { hashObject } from './hash-object.js';
import type { TreeName } from './name.js';
import { EMPTY_TREE, type Oid } from './oid.js';
import { parseTree } from './parse-tree.js';
import type { EntryKind, TreeEntry } from './tree.js';
import { TreeFormatError } from './tree-format-error.js';
import { TreeIndex } from './tree-index.js';
import { compareEntries } from './tree-order.js';

const oidOf = (n: number): Oid => n.toString(16).padStart(40, '0') as Oid;
const raw = (...records: [mode: string, name: string, n: number][]): Buffer =>
  Buffer.concat(
    records.flatMap(([mode, name, n]) => [
      Buffer.from(`${mode} ${name}\0`, 'latin1'),
      Buffer.from(oidOf(n), 'hex'),
    ]),
  );

const kinds: readonly EntryKind[] = ['file', 'executable', 'symlink', 'submodule', 'directory'];
const anyEntry = fc.record({
  name: fc
    .array(fc.constantFrom('a', 'b', '.', '/', '\xff', ' '), { maxLength: 3 })
    .map((cs) => cs.join('') as TreeName),
  kind: fc.constantFrom(...kinds),
  oid: fc.nat().map(oidOf),
});

describe('parseTree', () => {
  test('mega-server §4.2: every kind, names as bytes', () => {
    const body = raw(
      ['100644', 'a', 1],
      ['100755', 'run', 2],
      ['120000', 'l\xff', 3],
      ['160000', 'sub module', 4],
      ['40000', 'dir', 5],
    );
    const { entries, dropped } = parseTree(body);
    expect(dropped).toEqual([]);
    expect(entries.map((e) => e.kind)).toEqual(kinds);
    expect(entries[2]).toEqual({ name: 'l\xff', kind: 'symlink', oid: oidOf(3) });
    expect(encodeTree(entries)).toEqual(body);
  });

  test('mega-server §4.3: the received order stays, sorted or not', () => {
    const body = raw(['40000', 'z', 1], ['100644', 'a', 2], ['40000', 'm', 3]);
    expect(parseTree(body).entries.map((e) => e.name)).toEqual(['z', 'a', 'm']);
  });

  test('C10: drops what cannot be a name and reports it with its place', () => {
    const body = raw(
      ['40000', '', 1],
      ['40000', '.', 2],
      ['40000', '..', 3],
      ['100644', 'a/b', 4],
      ['100644', 'ok', 5],
      ['40000', 'ok', 6],
    );
    const { entries, dropped } = parseTree(body);
    expect(entries).toEqual([{ name: 'ok', kind: 'file', oid: oidOf(5) }]);
    expect(dropped.map((d) => [d.index, d.problem])).toEqual([
      [0, 'empty'],
      [1, 'dot'],
      [2, 'dot'],
      [3, 'slash'],
      [5, 'duplicate'],
    ]);
  });

  test('no bytes are the empty tree', () => {
    expect(parseTree(new Uint8Array()).entries).toEqual([]);
    expect(hashObject('tree', new Uint8Array())).toBe(EMPTY_TREE);
  });

  test('a tree cut off anywhere but between two entries is an error, never a shorter listing', () => {
    const body = raw(['100644', 'one', 1], ['40000', 'two', 2]);
    const boundary = raw(['100644', 'one', 1]).length;
    for (let length = 1; length < body.length; length++) {
      if (length === boundary) continue;
      expect(() => parseTree(body.subarray(0, length))).toThrow(TreeFormatError);
      expect(() => new TreeIndex(body.subarray(0, length))).toThrow(TreeFormatError);
    }
  });

  test.each([
    ['a mode that git does not know', raw(['20000', 'tty', 1])],
    ['no mode', Buffer.from(' name\0'.padEnd(26, 'x'), 'latin1')],
    ['a page of text', Buffer.from('<html> 404 not found\0 and some more text here')],
    ['an endless mode', Buffer.concat([Buffer.alloc(1000, '1'), raw(['', 'x', 1])])],
  ])('%s is an error', (_what, body) => {
    expect(() => parseTree(body)).toThrow(TreeFormatError);
  });

  test('TreeIndex finds names of any length and no other', () => {
    const long = 'n'.repeat(300) as TreeName;
    const index = new TreeIndex(raw(['100644', 'nn', 1], ['100644', long, 2]));
    expect(index.indexOf(long)).toBe(1);
    expect(index.indexOf('nn' as TreeName)).toBe(0);
    for (const other of ['', 'n', 'nnn', 'n'.repeat(256), 'n'.repeat(301)])
      expect(index.indexOf(other as TreeName)).toBe(-1);
  });

  test('TreeIndex shows the same entries and drops as parseTree, and finds every name (C10)', () => {
    fc.assert(
      fc.property(fc.array(anyEntry, { maxLength: 30 }), (received) => {
        const body = encodeTree(received);
        const parsed = parseTree(body);
        const index = new TreeIndex(body);
        expect([...index]).toEqual(parsed.entries);
        expect(index.dropped).toEqual(parsed.dropped);
        parsed.entries.forEach((e, i) => expect(index.indexOf(e.name)).toBe(i));
        expect(index.indexOf('nowhere' as TreeName)).toBe(-1);
      }),
      { numRuns: 200 },
    );
  });

  test('a position beyond the end is an error, not an entry', () => {
    const index = new TreeIndex(raw(['100644', 'a', 1]));
    expect(() => index.at(1)).toThrow(RangeError);
    expect(() => index.oidAt(-1)).toThrow(RangeError);
  });

  test('reads 100,000 entries in a time that a filesystem can spare, sorted or not', () => {
    const entries = Array.from({ length: 100_000 }, (_, i): TreeEntry => ({
      name: `file-${String(i).padStart(6, '0')}.c` as TreeName,
      kind: 'file',
      oid: oidOf(i),
    }));
    for (const order of [entries, entries.toReversed()]) {
      const body = encodeTree(order);
      const start = process.cpuUsage();
      expect(parseTree(body).entries.length).toBe(100_000);
      expect(new TreeIndex(body).indexOf('file-099999.c' as TreeName)).toBeGreaterThan(-1);
      // About 130 ms of a processor; something quadratic takes minutes.
      expect(process.cpuUsage(start).user).toBeLessThan(20e6);
    }
  });
});

describe('C05 against git itself', () => {
  const dir = mkdtempSync(join(tmpdir(), 'objects-git-'));
  afterAll(() => rmSync(dir, { recursive: true, force: true }));
  const git = (...args: string[]): Buffer => execFileSync('git', ['-C', dir, ...args]);

  test('a tree that git wrote is read, sorted and hashed as git does', () => {
    git('init', '-q');
    const blob = git('hash-object', '-w', '-t', 'blob', '/dev/null').toString().trim();
    writeFileSync(join(dir, 'empty'), '');
    const tree = git('write-tree').toString().trim();
    const names = ['foo', 'foo.c', 'foo-bar', 'a', 'Z', 'foo0'];
    const received = names.map((name, i): TreeEntry => {
      const directory = name === 'foo';
      const kind: EntryKind = directory ? 'directory' : (kinds[i % 2] ?? 'file');
      return { name: name as TreeName, kind, oid: (directory ? tree : blob) as Oid };
    });
    const listing = received
      .map((e) => {
        const mode = { file: '100644', executable: '100755', directory: '040000' }[
          e.kind as 'file'
        ];
        return `${mode} ${e.kind === 'directory' ? 'tree' : 'blob'} ${e.oid}\t${e.name}\n`;
      })
      .join('');
    const stdin = { input: listing };
    const made = execFileSync('git', ['-C', dir, 'mktree'], stdin).toString().trim();
    const body = git('cat-file', 'tree', made);
    expect(hashObject('tree', body)).toBe(made);
    expect(encodeTree(received.toSorted(compareEntries))).toEqual(body);
    expect(parseTree(body).entries).toEqual(received.toSorted(compareEntries));
  });
});
