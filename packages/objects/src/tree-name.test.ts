import { describe, expect, test } from '@jest/globals';
import { isTreeName, nameProblem } from './tree-name.js';

describe('C10: names that cannot stand in a directory', () => {
  test.each([
    ['', 'empty'],
    ['.', 'dot'],
    ['..', 'dot'],
    ['a/b', 'slash'],
    ['/', 'slash'],
    ['a\0b', 'nul'],
  ])('%j is refused as %s', (name, problem) => {
    expect(nameProblem(name)).toBe(problem);
    expect(isTreeName(name)).toBe(false);
  });

  test.each(['...', '.a', 'a b', '\xff\xfe', 'a\nb', '.git'])('%j stays', (name) => {
    expect(isTreeName(name)).toBe(true);
  });
});
