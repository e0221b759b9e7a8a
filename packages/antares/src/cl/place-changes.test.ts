import { describe, expect, test } from '@jest/globals';
import type { ChangedFile } from '@scorpiofs/mega-client';
import type { Oid } from '@scorpiofs/objects';
import { placeChanges } from './place-changes.js';

const oid = 'a'.repeat(40) as Oid;
const file = (action: 'new' | 'modified' | 'deleted', path: string): ChangedFile => ({
  action,
  path,
  oid,
});
const renamed = (oldPath: string, path: string): ChangedFile => ({
  action: 'renamed',
  oldPath,
  path,
  oid,
});
const short = (...args: Parameters<typeof placeChanges>) => {
  const { writes, whiteouts, skipped } = placeChanges(...args);
  return { writes: writes.map((w) => w.path), whiteouts: [...whiteouts], skipped };
};

describe('where changes land', () => {
  test('L-03, W-06: below the change list’s directory, once', () => {
    const changes = [file('new', '/x'), file('modified', '/a/b/y')];
    expect(short(changes, '/a/b', '/a/b').writes).toEqual(['x', 'y']);
    expect(short(changes, '/a/b', '/').writes).toEqual(['a/b/x', 'a/b/y']);
    expect(short(changes, '/a/b', '/a').writes).toEqual(['b/x', 'b/y']);
  });

  test('L-04: outside the view they are counted; a neighbour with the same beginning is outside', () => {
    const changes = [file('new', '/project/small/x'), file('new', '/project/smaller/y')];
    expect(short(changes, undefined, '/project/small')).toMatchObject({
      writes: ['x'],
      skipped: 1,
    });
  });

  test('L-02, W-05: a rename hides the old name; into and out of the view, the half that is inside', () => {
    const changes = [renamed('/v/a', '/v/b'), renamed('/o/c', '/v/c'), renamed('/v/d', '/o/d')];
    expect(short(changes, '/', '/v')).toEqual({
      writes: ['b', 'c'],
      whiteouts: ['a', 'd'],
      skipped: 0,
    });
  });

  test('a file that becomes a directory, and the reverse, needs no whiteout there', () => {
    expect(short([file('deleted', '/a'), file('new', '/a/b')], '/', '/').whiteouts).toEqual([]);
    expect(short([file('deleted', '/a/b'), file('new', '/a')], '/', '/').whiteouts).toEqual([]);
  });

  test.each([
    ['/../x', 'leaves'],
    ['/a/./x', 'leaves'],
    ['/a//x', 'leaves'],
    ['/.git/config', '.git'],
    ['/a/.GIT/hooks/x', '.git'],
    [`/${'n'.repeat(256)}`, '255'],
  ])('issue 5.3: %s refuses the whole change list', (path, why) => {
    for (const change of [file('new', path), file('deleted', path), renamed(path, '/ok')])
      expect(() => placeChanges([file('new', '/fine'), change], '/', '/')).toThrow(why);
  });

  test('a file inside a file is refused: a link there would lead out of the layer', () => {
    const changes = [file('new', '/a'), file('new', '/a/passwd')];
    expect(() => placeChanges(changes, '/', '/')).toThrow('file and a directory at once');
  });
});
