import { describe, expect, test } from '@jest/globals';
import { ConfigError } from './config-error.js';
import { checkConfig, loadConfig } from './load.js';

const file = (text: string) => ({ path: 't.toml', text });

describe('precedence', () => {
  test.each([
    ['antares_upper_root', 'antares', 'upper_root', '/p/'],
    ['base_url', 'server', 'base_url', 'http://p/'],
  ] as const)(
    'CFG-01, CFG-02: %s: flag, variable, section, top level, default; blanks fall through',
    (key, section, short, stem) => {
      const text = `${key} = "${stem}flat"\n[${section}]\n${short} = "${stem}section"\n`;
      const env = { [`SCORPIO_${key.toUpperCase()}`]: `${stem}env` };
      const value = (input: Parameters<typeof checkConfig>[0]) =>
        checkConfig(input).config.values[key];
      const blank = { [`SCORPIO_${key.toUpperCase()}`]: ' \t' };
      expect(value({ file: file(text), env, flags: { [key]: `${stem}flag` } })).toBe(`${stem}flag`);
      expect(value({ file: file(text), env, flags: { [key]: '  ' } })).toBe(`${stem}env`);
      expect(value({ file: file(text), env: blank })).toBe(`${stem}section`);
      expect(value({ file: file(text.replace(`"${stem}section"`, '""')), env: blank })).toBe(
        `${stem}flat`,
      );
      expect(value({ file: file(`${key} = " "\n`), user: 'u' })).toBe(
        checkConfig({ user: 'u' }).config.values[key],
      );
    },
  );

  test('CFG-11: a wrong-typed file value is not looked at when variable or flag supplies the key', () => {
    const text = 'load_dir_depth = [1]\nantares_cl_root = [1]\n';
    const input = { env: { SCORPIO_LOAD_DIR_DEPTH: '4' }, flags: { antares_cl_root: '/x' } };
    expect(loadConfig({ file: file(text), ...input }).values.load_dir_depth).toBe(4);
    expect(() => loadConfig({ file: file(text) })).toThrow(ConfigError);
  });

  test('CFG-17, CFG-38: section over flat, with a warning that names both; a losing scalar is not parsed', () => {
    const { config, problems } = checkConfig({
      file: file('load_dir_depth = "abc"\n[dicfuse]\nload_dir_depth = 4\n'),
    });
    expect(config.values.load_dir_depth).toBe(4);
    expect(problems).toMatchObject([
      { severity: 'warning', rule: 'set-twice', key: 'load_dir_depth' },
    ]);
    expect(problems[0]?.message).toMatch(/load_dir_depth.*\[dicfuse\]/);
    const quiet = checkConfig({
      file: file('load_dir_depth = 1\n[dicfuse]\nload_dir_depth = 4\n'),
      env: { SCORPIO_LOAD_DIR_DEPTH: '2' },
    });
    expect(quiet.problems).toEqual([]);
  });

  test('CFG-22, CFG-23: paths are kept as written, `~` is a letter, and no default follows another key', () => {
    const { values } = checkConfig({
      file: file('store_path = "~/s"\nworkspace = "rel"\n'),
      user: 'u',
    }).config;
    expect(values).toMatchObject({
      store_path: '~/s',
      workspace: 'rel',
      antares_upper_root: '/tmp/megadir-u/antares/upper',
    });
  });

  test('a variable that is not UTF-8 counts as not set, and is said', () => {
    const { config, problems } = checkConfig({ env: { SCORPIO_GIT_AUTHOR: 'J\uFFFD' } });
    expect(config.values.git_author).toBe('MEGA');
    expect(problems).toMatchObject([{ severity: 'warning', rule: 'not-utf-8' }]);
  });
});

describe('problems', () => {
  test('all at once, each with key, value, origin and rule; a field is reported once', () => {
    const { problems } = checkConfig({
      file: file('base_url = "nope"\nfetch_file_thread = 0\n[antares]\nstate_file = [1]\n'),
      env: { SCORPIO_DICFUSE_READABLE: 'yes' },
      flags: { antares_cl_root: '/tmp/a/cl', antares_upper_root: '/tmp/a/cl' },
    });
    expect(problems.map(({ key, value, origin, rule }) => ({ key, value, origin, rule }))).toEqual([
      {
        key: 'dicfuse_readable',
        value: 'yes',
        origin: { kind: 'env', variable: 'SCORPIO_DICFUSE_READABLE' },
        rule: 'word',
      },
      {
        key: 'antares_state_file',
        value: 'an array',
        origin: { kind: 'file', path: 't.toml', key: '[antares].state_file' },
        rule: 'not-a-scalar',
      },
      {
        key: 'base_url',
        value: 'nope',
        origin: { kind: 'file', path: 't.toml', key: 'base_url' },
        rule: 'url',
      },
      {
        key: 'fetch_file_thread',
        value: '0',
        origin: { kind: 'file', path: 't.toml', key: 'fetch_file_thread' },
        rule: 'minimum',
      },
      {
        key: 'antares_cl_root',
        value: '/tmp/a/cl',
        origin: { kind: 'flag', flag: '--cl-root' },
        rule: 'overlap',
      },
    ]);
  });

  test('CFG-13: keys with minimum 1 reject 0 and say `>= 1`', () => {
    for (const key of [
      'fetch_file_thread',
      'dicfuse_import_concurrency',
      'dicfuse_connect_timeout_secs',
      'dicfuse_fetch_dir_timeout_secs',
    ] as const) {
      const { problems } = checkConfig({ file: file(`${key} = 0\n`) });
      expect(problems.map((p) => p.message)).toEqual([
        `Invalid config '${key}': must be >= 1, got 0`,
      ]);
    }
  });

  test('CFG-14, K-27: the others accept 0, depths and file counts among them', () => {
    const text = [
      'load_dir_depth',
      'antares_load_dir_depth',
      'dicfuse_open_buff_max_files',
      'antares_dicfuse_open_buff_max_files',
      'dicfuse_dir_sync_ttl_secs',
      'dicfuse_fetch_dir_max_retries',
      'dicfuse_open_buff_max_bytes',
      'store_quota_bytes',
    ]
      .map((k) => `${k} = 0\n`)
      .join('');
    expect(checkConfig({ file: file(text) }).problems).toEqual([]);
  });

  test('CFG-38: a non-scalar in the losing form is an error', () => {
    for (const text of [
      'load_dir_depth=[1]\n[dicfuse]\nload_dir_depth=4\n',
      'load_dir_depth=4\n[dicfuse]\nload_dir_depth=[1]\n',
    ])
      expect(checkConfig({ file: file(text) }).problems.map((p) => p.rule)).toEqual([
        'not-a-scalar',
      ]);
  });

  test('CFG-38: byte order mark and CRLF are accepted', () => {
    const { config, problems } = checkConfig({
      file: file('\uFEFFload_dir_depth = 4\r\ngit_author = "x"\r\n'),
    });
    expect(problems).toEqual([]);
    expect(config.values).toMatchObject({ load_dir_depth: 4, git_author: 'x' });
  });

  test('CFG-18: a section name that is no table breaks nothing, and is said', () => {
    const { config, problems } = checkConfig({
      file: file('load_dir_depth = 7\nserver = "x"\nantares = 3\n[[dicfuse]]\n'),
    });
    expect(config.values.load_dir_depth).toBe(7);
    expect(problems.map((p) => [p.severity, p.rule, p.key])).toEqual([
      ['warning', 'not-a-section', 'server'],
      ['warning', 'not-a-section', 'dicfuse'],
      ['warning', 'not-a-section', 'antares'],
    ]);
  });

  test('CFG-30, K-01: unknown keys, sections and variables are warned about, with the name that was meant', () => {
    const { problems } = checkConfig({
      file: file(
        'base_ulr = "x"\nbogus = 1\n[servers]\nx = 1\n[antares]\nantares_upper_root = [1]\nstat_moed = "fast"\n',
      ),
      env: { SCORPIO_WORKSPCE: 'x', SCORPIO_CONFIG: 'x', SCORPIO_LOG: 'info', HOME: '/' },
    });
    const text = problems.map((p) => `${p.severity} ${p.message}`).join('\n');
    expect(text).toMatch(/base_ulr.*'base_url'/);
    expect(text).toMatch(/servers.*'server'/);
    expect(text).toMatch(/\[antares\]\.stat_moed.*'stat_mode'/);
    expect(text).toMatch(/\[antares\]\.antares_upper_root.*'upper_root'/);
    expect(text).toMatch(/SCORPIO_WORKSPCE.*'SCORPIO_WORKSPACE'/);
    expect(text).toMatch(/'bogus' is not used$/m);
    expect(problems).toHaveLength(6);
    expect(problems.every((p) => p.severity === 'warning')).toBe(true);
  });

  test('a token that cannot be a header is refused and not repeated', () => {
    const { problems } = checkConfig({ env: { SCORPIO_HTTP_TOKEN: 'geheim\nx' } });
    expect(problems).toHaveLength(1);
    expect(JSON.stringify(problems)).not.toContain('geheim');
  });

  test('K-15: a mount point that overlaps another directory is refused, other nesting is a warning', () => {
    const severity = (flags: Record<string, string>) =>
      checkConfig({ flags }).problems.map((p) => `${p.severity} ${p.rule}`);
    expect(severity({ store_path: '/tmp/s', workspace: '/tmp/s/mnt' })).toEqual(['error overlap']);
    expect(severity({ store_path: '/tmp/w/s', workspace: '/tmp/w/x/../' })).toEqual([
      'error overlap',
    ]);
    expect(severity({ antares_mount_root: '/tmp/m', antares_upper_root: '/tmp/m/u' })).toEqual([
      'error overlap',
    ]);
    expect(severity({ store_path: '/tmp/s', antares_upper_root: '/tmp/s/u' })).toEqual([
      'warning overlap',
    ]);
    expect(severity({ store_path: '/tmp/s', workspace: '/tmp/s2' })).toEqual([]);
    // Records below a mount would be hidden by it; elsewhere they lie as they like.
    for (const key of ['config_file', 'antares_state_file'])
      expect(severity({ workspace: '/tmp/w', [key]: '/tmp/w/x.toml' })).toEqual(['error overlap']);
    expect(severity({ store_path: '/tmp/s', config_file: '/tmp/s/x.toml' })).toEqual([]);
    expect(severity({ workspace: process.cwd(), config_file: 'x.toml' })).toEqual([]);
    expect(severity({ config_file: '/tmp/x.toml', antares_state_file: '/tmp/x.toml' })).toEqual([
      'warning overlap',
    ]);
  });

  test('a bad log filter does not stop a start', () => {
    expect(loadConfig({ file: file('log_level = "x=bogus"\n') }).values.log_level).toBe('x=bogus');
  });

  test('the error has a code, a hint, and one line per problem', () => {
    let caught: unknown;
    try {
      loadConfig({ file: file('base_url="nope"\nload_dir_depth="x"\n') });
    } catch (error) {
      caught = error;
    }
    expect(caught).toBeInstanceOf(ConfigError);
    expect(caught).toMatchObject({
      code: 'CONFIG',
      hint: expect.stringContaining('config validate'),
    });
    expect((caught as ConfigError).message.split('\n')).toHaveLength(2);
  });
});
