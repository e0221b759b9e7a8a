import { describe, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { checkConfig } from './load.js';
import type { ConfigKey } from './keys.js';

type Reading = { ok: string } | { error: string };
interface Case {
  toml: string;
  string: Reading;
  u64: Reading;
  bool: Reading;
  statMode: Reading;
}

const fixture = JSON.parse(
  readFileSync(new URL('../fixtures/values.json', import.meta.url), 'utf8'),
) as { cases: Case[] };
const KEYS: [keyof Case, ConfigKey][] = [
  ['string', 'git_author'],
  ['u64', 'dicfuse_reply_ttl_secs'],
  ['bool', 'dicfuse_readable'],
  ['statMode', 'dicfuse_stat_mode'],
];

function read(key: ConfigKey, toml: string) {
  const { config, problems } = checkConfig({
    file: { path: 't.toml', text: `${key} = ${toml}\n` },
  });
  return { value: config.values[key], text: config.settings.get(key)?.text, problems };
}

describe('values in the file', () => {
  for (const c of fixture.cases)
    test.each(KEYS)(`CFG-02, CFG-06, CFG-10, CFG-12, CFG-16: ${c.toml} as %s`, (column, key) => {
      const expected = c[column] as Reading;
      const { value, text, problems } = read(key, c.toml);
      if ('ok' in expected) {
        expect(problems).toEqual([]);
        const exact = column === 'u64' ? text?.trim().replace(/^\+/, '') : String(value);
        expect(exact).toBe(expected.ok);
      } else if (expected.error === 'TOML syntax') {
        expect(problems.map((p) => p.rule)).toEqual(['syntax']);
        expect(problems[0]?.message).toContain('line 1, column');
      } else {
        expect(problems.map((p) => p.message)).toEqual([expected.error]);
      }
    });

  test('a limit above 2^53 is held as 2^53 - 1 and shown as written', () => {
    const { value, text } = read('dicfuse_open_buff_max_bytes', '"18446744073709551615"');
    expect(value).toBe(Number.MAX_SAFE_INTEGER);
    expect(text).toBe('18446744073709551615');
  });

  test('any text in any key gives a value or a problem that names the key, never an exception', () => {
    const keys = KEYS.map(([, key]) => key).concat(
      'base_url',
      'http_addr',
      'log_level',
      'workspace',
    );
    fc.assert(
      fc.property(
        fc.constantFrom(...keys),
        fc.string({ unit: 'binary', maxLength: 20 }),
        (key, text) => {
          const { problems } = checkConfig({ flags: { [key]: text } });
          for (const p of problems) expect(p.message).toContain(`'${key}'`);
        },
      ),
      { numRuns: 300 },
    );
  });
});
