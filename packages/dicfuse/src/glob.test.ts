import { expect, test } from '@jest/globals';
import { globMatcher } from './glob.js';

test.each([
  ['*.ts', ['a.ts', '.ts'], ['a.tsx', 'd/a.ts', 'ts']],
  ['**/*.ts', ['a.ts', 'd/a.ts', 'd/e/a.ts'], ['a.js']],
  ['src/**', ['src/a', 'src/a/b', 'src'], ['srcs/a', 'x/src/a']],
  ['src/**/x/*', ['src/x/a', 'src/a/b/x/c'], ['src/x', 'src/x/a/b']],
  ['a?c', ['abc', 'a*c'], ['ac', 'abbc']],
  ['*a*b*', ['ab', 'xaybz'], ['ba', 'a']],
  ['**', ['a', 'a/b'], []],
  ['/lead/', ['lead'], ['lead/x']],
  ['a.b', ['a.b'], ['axb']],
])('%s', (pattern, yes, no) => {
  const matches = globMatcher(pattern);
  expect(yes.filter((path) => !matches(path))).toEqual([]);
  expect(no.filter((path) => matches(path))).toEqual([]);
});

test('a hostile pattern takes no time', () => {
  const before = process.cpuUsage();
  expect(globMatcher(`${'*a'.repeat(30)}b`)('a'.repeat(200))).toBe(false);
  expect(globMatcher('**/'.repeat(30) + 'x')('a/'.repeat(60) + 'b')).toBe(false);
  // Some milliseconds; what tries all ways would never end.
  expect(process.cpuUsage(before).user).toBeLessThan(30e6);
});
