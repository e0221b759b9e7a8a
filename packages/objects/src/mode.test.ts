import { describe, expect, test } from '@jest/globals';
import { kindOfMode, modeText } from './mode.js';

describe('modes of a git tree (mega-server §4.2)', () => {
  test.each([
    ['100644', 'file'],
    ['100755', 'executable'],
    ['120000', 'symlink'],
    ['160000', 'submodule'],
    ['40000', 'directory'],
  ] as const)('%s is %s, both ways', (text, kind) => {
    expect(kindOfMode(text)).toBe(kind);
    expect(modeText(kind)).toBe(text);
  });

  test.each([
    ['100664', 'file'],
    ['100640', 'file'],
    ['100775', 'executable'],
    ['040000', 'directory'],
  ])('historic %s is read as %s', (text, kind) => {
    expect(kindOfMode(text)).toBe(kind);
  });

  test.each(['', '0', '644', '10064x', '20000', '060000', '1006440', '-40000'])(
    '%j is no mode',
    (text) => {
      expect(kindOfMode(text)).toBeUndefined();
    },
  );
});
