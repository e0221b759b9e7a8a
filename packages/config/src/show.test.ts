import { describe, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { KEY_LIST } from './keys.js';
import { checkConfig } from './load.js';
import { showJson, showToml } from './show.js';

const reread = (text: string) => checkConfig({ file: { path: 'shown.toml', text }, user: 'other' });

describe('config show', () => {
  test('CMD-07: the output parses as TOML and gives the same configuration', () => {
    const { config } = checkConfig({
      user: 'u',
      file: {
        path: 'f',
        text: 'load_dir_depth = "7"\nantares_dicfuse_open_buff_max_bytes = "18446744073709551615"\n',
      },
      env: { SCORPIO_GIT_AUTHOR: 'Ä "q" \\ \u007f\t' },
      flags: { dicfuse_uid: '5' },
    });
    for (const origin of [false, true]) {
      const again = reread(showToml(config, { origin }));
      expect(again.problems).toEqual([]);
      expect(again.config.values).toEqual(config.values);
    }
  });

  test('CMD-07: whatever the author is called', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 }), (name) => {
        const { config } = checkConfig({ env: { SCORPIO_GIT_AUTHOR: name }, user: 'u' });
        expect(reread(showToml(config, { origin: true })).config.values).toEqual(config.values);
      }),
      { numRuns: 100 },
    );
  });

  test('CFG-07: the values of the recorded dumps', () => {
    const dump = readFileSync(new URL('../fixtures/show-default.txt', import.meta.url), 'utf8');
    const { values } = checkConfig({ user: 'root' }).config;
    for (const [, key, raw] of dump.matchAll(/^ {4}(\w+): (.*),$/gm)) {
      const value = raw!.startsWith('"') ? (JSON.parse(raw!) as string) : raw!.toLowerCase();
      expect(String(values[key as keyof typeof values])).toBe(value);
    }
    expect(dump.match(/^ {4}\w+: /gm)).toHaveLength(KEY_LIST.filter((s) => s.reference).length);
  });

  test('CMD-08: secrets and credentials are shown in no form, and do not come back as values', () => {
    const { config } = checkConfig({
      env: { SCORPIO_HTTP_TOKEN: 'geheim', SCORPIO_BASE_URL: 'http://me:pass@h/' },
    });
    expect(config.values).toMatchObject({ http_token: 'geheim', base_url: 'http://me:pass@h' });
    const all = [true, false]
      .flatMap((origin) => [showToml(config, { origin }), showJson(config, { origin })])
      .join('');
    expect(all).not.toMatch(/geheim|pass@|me:/);
    expect(reread(showToml(config)).config.values.http_token).toBeUndefined();
  });

  test('--origin names flag, variable, file with key, and default', () => {
    const { config } = checkConfig({
      file: { path: 'f.toml', text: '[server]\nworkspace = "/w"\n' },
      env: { SCORPIO_STORE_PATH: '/s' },
      flags: { antares_cl_root: '/c' },
    });
    const json = JSON.parse(showJson(config, { origin: true })) as Record<string, unknown>;
    expect(json).toMatchObject({
      workspace: { value: '/w', origin: 'f.toml ([server].workspace)' },
      store_path: { value: '/s', origin: 'SCORPIO_STORE_PATH' },
      antares_cl_root: { value: '/c', origin: '--cl-root' },
      load_dir_depth: { value: 3, origin: 'default' },
      dicfuse_uid: { value: null, origin: 'default' },
    });
    expect(showToml(config, { origin: true })).toContain(
      'store_path = "/s"  # SCORPIO_STORE_PATH\n',
    );
  });
});
