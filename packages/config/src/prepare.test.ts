import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkConfig } from './load.js';
import { prepareDirectories } from './prepare.js';

let dir = '';
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'scorpio-prepare-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

function prepare(flags: Record<string, string> = {}) {
  const base = {
    workspace: `${dir}/mnt`,
    store_path: `${dir}/deep/store`,
    antares_upper_root: `${dir}/a/upper`,
    antares_cl_root: `${dir}/a/cl`,
    antares_mount_root: `${dir}/a/mnt`,
    antares_state_file: `${dir}/a/st/state.toml`,
    config_file: `${dir}/state.toml`,
  };
  prepareDirectories(checkConfig({ flags: { ...base, ...flags } }).config);
}

describe('prepareDirectories', () => {
  test('CFG-20: makes five directories, the parent of the state file and `works = []`, for this user alone', () => {
    prepare();
    expect(readdirSync(dir).sort()).toEqual(['a', 'deep', 'mnt', 'state.toml']);
    expect(readdirSync(`${dir}/a`).sort()).toEqual(['cl', 'mnt', 'st', 'upper']);
    expect(readdirSync(`${dir}/a/st`)).toEqual([]);
    expect(readFileSync(`${dir}/state.toml`, 'utf8')).toBe('works = []\n');
    expect(statSync(`${dir}/deep/store`).mode & 0o777).toBe(0o700);
    expect(statSync(`${dir}/state.toml`).mode & 0o777).toBe(0o600);
  });

  test('CFG-21: existing things are left as they are; a file in the place of a directory is not an error here', () => {
    writeFileSync(`${dir}/state.toml`, 'anything');
    writeFileSync(`${dir}/mnt`, 'x');
    mkdirSync(`${dir}/a/upper/keep`, { recursive: true });
    prepare();
    expect(readFileSync(`${dir}/state.toml`, 'utf8')).toBe('anything');
    expect(readdirSync(`${dir}/a/upper`)).toEqual(['keep']);
  });

  test('CFG-20: a directory and a state file that cannot be made are named with the reason', () => {
    writeFileSync(`${dir}/f`, 'x');
    const reason = 'Not a directory (os error 20)';
    expect(() => prepare({ workspace: `${dir}/f/x` })).toThrow(
      `Failed to create directory ${dir}/f/x: ${reason}`,
    );
    expect(() => prepare({ antares_state_file: `${dir}/f/x/s.toml` })).toThrow(
      `Failed to create directory ${dir}/f/x: ${reason}`,
    );
    expect(() => prepare({ config_file: `${dir}/no/s.toml` })).toThrow(
      `Failed to create state file '${dir}/no/s.toml': No such file or directory (os error 2)`,
    );
  });

  test('K-04: a relative state file is named by its absolute path', () => {
    expect(() => prepare({ config_file: 'no-such-dir/s.toml' })).toThrow(
      `'${process.cwd()}/no-such-dir/s.toml'`,
    );
  });

  test('K-29: a default place in /tmp that is a link planted by somebody is refused', () => {
    const user = `planted-${process.pid}`;
    const planted = `/tmp/megadir-${user}`;
    symlinkSync(dir, planted);
    try {
      expect(() => prepareDirectories(checkConfig({ user }).config)).toThrow(
        'is not a directory of this user',
      );
      expect(readdirSync(dir)).toEqual([]);
    } finally {
      rmSync(planted);
    }
  });
});
