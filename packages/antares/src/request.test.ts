import { expect, test } from '@jest/globals';
import { overlayOptions } from './kernel-engine.js';
import { linkOf, normalisePath, taskOf } from './request.js';

test.each([
  ['a/b', '/a/b'],
  ['/a/b/', '/a/b'],
  [' /a/b ', '/a/b'],
  ['/', '/'],
  ['///', '/'],
  ['/a//b/./c', '/a/b/c'],
  ['ü', '/ü'],
])('A-04, W-03: the path %j is %s', (given, path) => {
  expect(normalisePath(given)).toBe(path);
});

test.each(['', '   ', '..', '/a/../b', 'a\0b', 'x'.repeat(10_000), `/${'y'.repeat(256)}`])(
  'A-03, A-05, W-03: the path %j is refused',
  (given) => {
    expect(() => normalisePath(given)).toThrow(
      expect.objectContaining({ code: 'INVALID_REQUEST' }),
    );
  },
);

test('A-12, A-13: build_id counts where job_id is null; a blank job_id hides it; both are trimmed', () => {
  expect(taskOf({ path: '/', build_id: ' b ' })).toBe('b');
  expect(taskOf({ path: '/', job_id: null, build_id: 'b' })).toBe('b');
  expect(taskOf({ path: '/', job_id: 'j', build_id: 'b' })).toBe('j');
  expect(taskOf({ path: '/', job_id: ' ', build_id: 'b' })).toBeUndefined();
  for (const job_id of ['a\0b', 'a\nb', 'x'.repeat(10_000)])
    expect(() => taskOf({ path: '/', job_id })).toThrow('not usable');
});

test('L-07, L-15, W-04: links are checked before they are part of an address', () => {
  expect(linkOf('K7Q2ZP9A')).toBe('K7Q2ZP9A');
  expect(linkOf(null)).toBeUndefined();
  for (const blank of ['', ' ']) expect(() => linkOf(blank)).toThrow('cl link cannot be empty');
  for (const odd of ['a/b', '..', 'a?b', 'a#b', 'x'.repeat(33), 'a b'])
    expect(() => linkOf(odd)).toThrow('is no link');
});

test('D11: the options of the kernel’s overlay; separators in paths are escaped', () => {
  const layers = { upper: '/u,p', work: '/w\\x', cl: '/c:l', base: '/b' };
  expect(overlayOptions(layers)).toBe(
    'lowerdir=/c\\:l:/b,upperdir=/u\\,p,workdir=/w\\\\x,redirect_dir=on,xino=on,index=off',
  );
});
