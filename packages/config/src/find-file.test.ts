import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readConfigFile } from './config-file.js';
import { findConfigFile } from './find-file.js';

let dir = '';
const before = process.cwd();
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'scorpio-find-'));
  mkdirSync(join(dir, 'bin'));
  process.chdir(dir);
});
afterEach(() => {
  process.chdir(before);
  rmSync(dir, { recursive: true });
});

describe('where the file is', () => {
  test('K-03, mega-server §8.2: flag, SCORPIO_CONFIG, working directory, beside the executable, system', () => {
    const executable = join(dir, 'bin/scorpio');
    const find = (options: object) => findConfigFile({ env: {}, executable, ...options });
    expect(find({})).toEqual({ path: 'scorpio.toml', named: false });
    writeFileSync(join(dir, 'bin/scorpio.toml'), '');
    expect(find({})).toEqual({ path: join(dir, 'bin/scorpio.toml'), named: false });
    writeFileSync('scorpio.toml', '');
    expect(find({})).toEqual({ path: 'scorpio.toml', named: false });
    expect(find({ env: { SCORPIO_CONFIG: ' ' } })).toEqual({ path: 'scorpio.toml', named: false });
    expect(find({ env: { SCORPIO_CONFIG: 'x.toml' } })).toEqual({ path: 'x.toml', named: true });
    expect(find({ env: { SCORPIO_CONFIG: 'x.toml' }, flag: '' })).toEqual({
      path: '',
      named: true,
    });
  });
});

describe('reading it', () => {
  test('CFG-08: a missing file is named', () => {
    expect(() => readConfigFile('none.toml')).toThrow(
      "Config file not found at 'none.toml': No such file or directory (os error 2)",
    );
    expect(() => readConfigFile('')).toThrow("not found at ''");
  });

  test('K-32: directory, loop of links and missing permission are not "not found"', () => {
    expect(() => readConfigFile('bin')).toThrow(
      "not readable at 'bin': Is a directory (os error 21)",
    );
    symlinkSync('loop', 'loop');
    expect(() => readConfigFile('loop')).toThrow('Too many levels of symbolic links (os error 40)');
  });

  const unprivileged = process.geteuid?.() === 0 ? test.skip : test;
  unprivileged('K-32: missing permission (skipped as root, who may read everything)', () => {
    writeFileSync('secret.toml', '');
    chmodSync('secret.toml', 0);
    expect(() => readConfigFile('secret.toml')).toThrow('not readable');
  });

  test('-c /dev/null is an empty file', () => {
    expect(readConfigFile('/dev/null')).toEqual({ path: '/dev/null', text: '' });
  });
});
