import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { currentConfig, initConfig } from './process-config.js';

let dir = '';
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'scorpio-process-'));
});
afterAll(() => rmSync(dir, { recursive: true }));

describe('the configuration of a process', () => {
  test('CFG-24, A06: defaults before, one installation, a second one fails before it touches anything', () => {
    const path = join(dir, 'scorpio.toml');
    const places = `workspace="${dir}/w"\nstore_path="${dir}/s"\nconfig_file="${dir}/c.toml"\nantares_upper_root="${dir}/u"\nantares_cl_root="${dir}/cl"\nantares_mount_root="${dir}/m"\nantares_state_file="${dir}/st/state.toml"\n`;
    expect(currentConfig().values.base_url).toBe('http://localhost:8000');
    writeFileSync(path, 'base_url = "nope"\n');
    expect(() => initConfig(path, { env: {} })).toThrow("'base_url'");
    writeFileSync(path, `base_url = "http://mega.example/"\n${places}`);
    initConfig(path, { env: {} });
    expect(currentConfig().values.base_url).toBe('http://mega.example');
    expect(existsSync(join(dir, 'w'))).toBe(true);
    expect(() => initConfig(join(dir, 'none.toml'))).toThrow('already initialized');
  });
});
