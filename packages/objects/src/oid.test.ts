import { describe, expect, test } from '@jest/globals';
import { isOid, parseOid } from './oid.js';

describe('Oid', () => {
  test('takes 40 lower-case hex digits and nothing else', () => {
    expect(isOid('e69de29bb2d1d6434b8b29ae775ad8c2e48c5391')).toBe(true);
    expect(isOid('E69de29bb2d1d6434b8b29ae775ad8c2e48c5391')).toBe(false);
    expect(isOid('e69de29bb2d1d6434b8b29ae775ad8c2e48c539')).toBe(false);
    expect(() => parseOid('../../etc/passwd')).toThrow(TypeError);
  });
});
