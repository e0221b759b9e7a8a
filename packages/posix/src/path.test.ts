import { expect, test } from '@jest/globals';

import { cPath, cPath2, ownCPath, PATH_MAX } from './path.js';

const text = (buffer: Buffer) => buffer.subarray(0, buffer.indexOf(0)).toString('latin1');

test('bytes that are not UTF-8 stay exact, from a string and from a Buffer', () => {
  expect(text(cPath('a\xff\xfe'))).toBe('a\xff\xfe');
  expect(text(cPath(Buffer.from([0x61, 0xff, 0x80])))).toBe('a\xff\x80');
});

test('a shorter path does not inherit the end of a longer one', () => {
  cPath('a-long-name');
  expect(text(cPath('b'))).toBe('b');
});

test('two paths of one call do not share memory, nor does one for another thread', () => {
  const [one, two, three] = [cPath('one'), cPath2('two'), ownCPath('three')];
  expect([text(one), text(two), text(three)]).toEqual(['one', 'two', 'three']);
});

test('what cannot be a path has no NUL within PATH_MAX, so the kernel says ENAMETOOLONG', () => {
  expect(cPath('x'.repeat(PATH_MAX)).subarray(0, PATH_MAX).includes(0)).toBe(false);
  expect(cPath('etc\0passwd').subarray(0, PATH_MAX).includes(0)).toBe(false);
  expect(cPath(Buffer.from('a\0b')).subarray(0, PATH_MAX).includes(0)).toBe(false);
  expect(cPath('x'.repeat(PATH_MAX - 1)).indexOf(0)).toBe(PATH_MAX - 1);
});
