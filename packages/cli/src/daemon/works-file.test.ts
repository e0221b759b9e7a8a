import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { countWorks } from './works-file.js';

let dir = '';
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'scorpio-works-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

function count(text: string): number {
  const path = join(dir, 'state.toml');
  writeFileSync(path, text);
  try {
    return countWorks(path);
  } finally {
    expect(readFileSync(path, 'utf8')).toBe(text);
  }
}

describe('the state file of workspaces', () => {
  test('CFG-25: both notations are read; unknown fields do not matter', () => {
    expect(count('works = []\n')).toBe(0);
    expect(count('[[works]]\npath = "a/b"\nnode = 42\nhash = ""\nother = 1\n')).toBe(1);
    expect(
      count(
        'works = [{ path = "a", node = 1, hash = "x" }, { path = "b", node = 2, hash = "" }]\n',
      ),
    ).toBe(2);
  });

  test.each([
    '',
    'work = []\n',
    'works = 3\n',
    'garbage = [\n',
    '[[works]]\npath = "a"\n',
    'works = ["x"]\n',
  ])('SRV-03: %j is exit 2, with the file named, and it stays as it is', (text) => {
    expect(() => count(text)).toThrow(
      expect.objectContaining({ exit: 2, message: expect.stringContaining(`${dir}/state.toml`) }),
    );
  });

  test('SRV-03: a directory of that name', () => {
    expect(() => countWorks(dir)).toThrow(
      `failed to load state file '${dir}': Is a directory (os error 21)`,
    );
  });
});
