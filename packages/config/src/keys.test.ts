import { describe, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { KEY_LIST, variableOf, type ConfigKey } from './keys.js';
import { checkConfig } from './load.js';

interface Recorded {
  key: ConfigKey;
  section: string;
  short: string;
  env: string;
  type: string;
  default: string | number | boolean;
  min?: number;
  template?: string;
  flag?: string;
}

const fixture = JSON.parse(
  readFileSync(new URL('../fixtures/keys.json', import.meta.url), 'utf8'),
) as { cases: Recorded[] };
/** K-27: 0 means "none" here, where the reference refuses it. */
const ZERO_ALLOWED = [
  'load_dir_depth',
  'antares_load_dir_depth',
  'dicfuse_open_buff_max_files',
  'antares_dicfuse_open_buff_max_files',
];
const EXACT_TYPES = ['url', 'path', 'usize', 'u64', 'u32', 'bool'];

/** Another value than the default, as it is written in a file or variable. */
function other(c: Recorded): { text: string; value: string | number | boolean } {
  if (c.type === 'url') return { text: 'https://other.example', value: 'https://other.example' };
  if (c.type === 'bool') return { text: 'false', value: false };
  if (c.type === 'statMode') {
    const word = c.default === 'fast' ? 'accurate' : 'fast';
    return { text: word, value: word };
  }
  if (c.key === 'log_level') return { text: 'warn', value: 'warn' };
  if (c.type === 'path') return { text: `/other/${c.key}`, value: `/other/${c.key}` };
  return c.type === 'string' ? { text: 'x y', value: 'x y' } : { text: '77', value: 77 };
}

function valueOf(key: ConfigKey, input: Parameters<typeof checkConfig>[0]): unknown {
  const { config, problems } = checkConfig(input);
  expect(problems.filter((p) => p.severity === 'error')).toEqual([]);
  return config.values[key];
}

describe('the table of keys', () => {
  test('holds the 30 keys of the reference first, in the order of `config show`', () => {
    const ours = KEY_LIST.filter((s) => s.reference).map((s) => s.key);
    expect(ours).toEqual(fixture.cases.map((c) => c.key));
  });

  test.each(fixture.cases)(
    'CFG-04, CFG-07, CFG-13: $key has the recorded names, default and minimum',
    (c) => {
      const spec = KEY_LIST.find((s) => s.key === c.key);
      expect(spec).toMatchObject({ section: c.section, short: c.short, default: c.default });
      expect(variableOf(c.key)).toBe(c.env);
      expect(spec?.flag).toBe(c.flag);
      expect(spec?.template).toBe(c.template);
      expect(spec?.min).toBe(ZERO_ALLOWED.includes(c.key) ? 0 : c.min);
      if (EXACT_TYPES.includes(c.type)) expect(spec?.type).toBe(c.type);
    },
  );

  test.each(fixture.cases)(
    'CFG-03, CFG-04, CFG-05: $key is read flat, in its section and from its variable',
    (c) => {
      const { text, value } = other(c);
      const file = (content: string) => ({ file: { path: 't.toml', text: content } });
      expect(valueOf(c.key, file(`${c.key} = ${JSON.stringify(text)}\n`))).toBe(value);
      expect(valueOf(c.key, file(`[${c.section}]\n${c.short} = ${JSON.stringify(text)}\n`))).toBe(
        value,
      );
      expect(valueOf(c.key, { env: { [c.env]: text } })).toBe(value);
    },
  );

  test('CFG-07: an empty file yields every default exactly', () => {
    const { config, problems } = checkConfig({ file: { path: 'e.toml', text: '' }, user: 'root' });
    expect(problems).toEqual([]);
    for (const c of fixture.cases) {
      const expected =
        typeof c.default === 'string' ? c.default.replace('<user>', 'root') : c.default;
      expect(config.values[c.key]).toBe(expected);
    }
  });

  test('CFG-02, issue 6: every variable and every value of a file set to blanks counts as not set', () => {
    const blank = { empty: '', blanks: ' \t ' };
    const defaults = checkConfig({ user: 'u' }).config.values;
    for (const text of Object.values(blank)) {
      const env = Object.fromEntries(KEY_LIST.map((s) => [variableOf(s.key), text]));
      const lines = KEY_LIST.map((s) => `${s.key} = ${JSON.stringify(text)}\n`).join('');
      for (const input of [{ env }, { file: { path: 't.toml', text: lines } }]) {
        const { config, problems } = checkConfig({ ...input, user: 'u' });
        expect([problems, config.values]).toEqual([[], defaults]);
      }
    }
  });

  test('no two keys share a name, a variable or a place in a section', () => {
    for (const names of [
      KEY_LIST.map((s) => s.key),
      KEY_LIST.map((s) => variableOf(s.key)),
      KEY_LIST.map((s) => `${s.section}.${s.short}`),
    ])
      expect(new Set<string>(names).size).toBe(KEY_LIST.length);
  });
});
