import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { validateConfig } from './validate.js';

interface Case {
  name: string;
  file: string;
  code: number;
  stderr: string;
  env?: Record<string, string>;
}

const { cases } = JSON.parse(
  readFileSync(new URL('../fixtures/validate.json', import.meta.url), 'utf8'),
) as { cases: Case[] };
/** The excerpt of a syntax error is the parser's; K-27 and K-45 differ on purpose, K-32 in wording. */
const OWN_RULE = [
  'nine defects',
  'syntax',
  'duplicate key',
  'not UTF-8',
  'bad log_level is not checked',
];

let dir = '';
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'scorpio-validate-'));
});
afterAll(() => rmSync(dir, { recursive: true }));

function run(content: string | Buffer, env = {}, options = {}) {
  const path = join(dir, 't.toml');
  writeFileSync(path, content);
  const { stdout, stderr, ok } = validateConfig(path, { env }, options);
  const plain = (text: string) => text.replaceAll(path, 't.toml');
  return { ok, stdout: plain(stdout), stderr: plain(stderr) };
}

/** Ours says where each value came from, after the recorded text. */
const withoutOrigin = (text: string) => text.replaceAll(/ \[[^\]]*(\[\w+\])?[^\]]*\]$/gm, '');
const withoutWarnings = (text: string) => text.replaceAll(/^warning: .*\n/gm, '');

describe('config validate', () => {
  test.each(cases.filter((c) => !OWN_RULE.includes(c.name)))(
    'CMD-04, CMD-05, CMD-06: $name',
    (c) => {
      const said = run(c.file, c.env);
      expect(said.ok).toBe(c.code === 0);
      expect(said.stdout).toBe(c.code === 0 ? 't.toml: OK\n' : '');
      expect(withoutOrigin(withoutWarnings(said.stderr))).toBe(c.stderr);
    },
  );

  test('CMD-05: every defect in one run (two of the recorded nine are depth 0, allowed by K-27)', () => {
    const nine = cases.find((c) => c.name === 'nine defects')!;
    const said = run(nine.file);
    const expected = nine.stderr
      .replace('9 problem', '8 problem')
      .replace("  - Invalid config 'antares_load_dir_depth': must be >= 1, got 0\n", '');
    const lines = (text: string) => text.trimEnd().split('\n').sort();
    expect(lines(withoutOrigin(said.stderr))).toEqual(lines(expected));
  });

  test.each([
    ['a = = 1\n', 1, 5],
    ['base_url="http://a"\nbase_url="http://b"\n', 2, 1],
    ['k = 9223372036854775808\n', 1, 5],
  ])('CFG-09: %j is named with path, line and column', (text, line, column) => {
    const { ok, stderr } = run(text);
    expect(ok).toBe(false);
    expect(stderr).toMatch(
      /^t\.toml: 1 problem\(s\) found:\n {2}- Invalid config format in 't\.toml': /,
    );
    expect(stderr).toContain(`line ${line}, column ${column}\n`);
  });

  test('K-32: what is not UTF-8 is not called "not found"', () => {
    const { ok, stderr } = run(Buffer.from('git_author = "\xff"', 'latin1'));
    expect(ok).toBe(false);
    expect(stderr).toMatch(
      /1 problem.*\n {2}- Config file not readable at 't\.toml': it is not valid UTF-8/,
    );
  });

  test('CFG-37, K-45: log_level is checked; a lone strange word is a warning', () => {
    expect(run('log_level="x=bogus"\n')).toMatchObject({
      ok: false,
      stderr: expect.stringContaining("'log_level'"),
    });
    const word = run('log_level="verbose"\n');
    expect(word.ok).toBe(true);
    expect(word.stderr).toContain('warning: ');
  });

  test('CFG-30: unknown keys are warnings, and problems with --strict', () => {
    expect(run('bogus=1\n')).toMatchObject({ ok: true, stdout: 't.toml: OK\n' });
    expect(run('bogus=1\n', {}, { strict: true })).toMatchObject({ ok: false, stdout: '' });
  });

  test('CMD-04: nothing is made on disk', () => {
    run(`workspace = "${dir}/w"\nstore_path = "${dir}/s"\nconfig_file = "${dir}/c.toml"\n`);
    expect(readdirSync(dir)).toEqual(['t.toml']);
  });

  test('CFG-36: the Runner’s form (every value a quoted string) passes clean; A06', () => {
    const said = run(
      'base_url = "http://git.gitmega.com"\nlfs_url = "http://git.gitmega.com"\nload_dir_depth = "5"\nfetch_file_thread = "20"\ndicfuse_readable = "true"\ndicfuse_stat_mode = "accurate"\nantares_dicfuse_stat_mode = "fast"\nstore_path = "/data/scorpio/store"\nworkspace = "/workspace/mount"\nantares_upper_root = "/data/scorpio/antares/upper"\nantares_cl_root = "/data/scorpio/antares/cl"\nantares_mount_root = "/data/scorpio/antares/mnt"\nantares_state_file = "/data/scorpio/antares/state.toml"\n',
    );
    expect(said).toEqual({ ok: true, stdout: 't.toml: OK\n', stderr: '' });
  });
});
