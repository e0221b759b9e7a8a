import { afterAll, afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { antaresProgram, scorpioProgram } from './programs.js';
import { runProgram } from './run-program.js';
import { Recorder } from './testing/recorder.js';

interface Case {
  bin: 'scorpio' | 'antares';
  argv: string[];
  env?: Record<string, string>;
  files?: Record<string, string>;
  code: number;
  stdoutLines: number;
  stdoutFirst?: string;
  stderrFirst?: string;
  note?: string;
}

const fixture = (name: string) =>
  readFileSync(new URL(`../fixtures/${name}`, import.meta.url), 'utf8');
const { cases } = JSON.parse(fixture('exit-codes.json')) as { cases: Case[] };

/** The daemon is tested with the programs themselves, over real mounts. */
const ELSEWHERE = ['serve'];
/** Where our rule is another one: what it is, and what to expect. */
const OWN_RULE: Record<string, Partial<Case>> = {
  // CLI-17: the program's own name.
  'antares --version': { stdoutFirst: 'antares 0.3.0' },
  'scorpio --version': { stdoutFirst: 'scorpio 0.3.0' },
  'scorpio -V': { stdoutFirst: 'scorpio 0.3.0' },
  'scorpio -V --bogus': { stdoutFirst: 'scorpio 0.3.0' },
  'scorpio --version list': { stdoutFirst: 'scorpio 0.3.0' },
  'scorpio --log-level=debug --version': { stdoutFirst: 'scorpio 0.3.0' },
  // K-08: TOML, not a dump.
  'scorpio -c ok.toml config show': { stdoutFirst: 'base_url = "http://127.0.0.1:9"' },
  'antares help list': { stdoutFirst: 'List tracked Antares instances' },
  // DOC-05: works without a file; there is nothing critical about that.
  'scorpio doctor': { code: 0, stdoutFirst: 'scorpio doctor — environment diagnostics' },
};
/** Records of the daemon are jobs too (K-07), a damaged file is said (W-28), no helper is needed (K-10), no file either (CLI-15): `antares/*.test.ts`. */
const OTHERWISE = (c: Case) =>
  c.argv.join(' ') === 'http-mount /x' ||
  c.env?.['PATH'] === '/nonexistent' ||
  Object.values(c.files ?? {}).some((text) => text === 'garbage' || text.includes('"h1"'));
/** K-06: `config show` makes no directories, so that it cannot fail to. */
const SHOWS = (c: Case) => c.argv.includes('show') && c.env !== undefined;

const real = process.cwd();
let dir = '';
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'scorpio-cli-'));
  process.chdir(dir);
});
afterEach(() => {
  process.chdir(real);
  rmSync(dir, { recursive: true });
});
afterAll(() => process.chdir(real));

async function run(c: Case): Promise<Recorder & { code: number }> {
  const here = (text: string) => text.replaceAll('$D', dir);
  writeFileSync('ok.toml', here(fixture('base-config.toml')));
  for (const [name, text] of Object.entries(c.files ?? {})) {
    mkdirSync(dirname(name), { recursive: true });
    writeFileSync(name, here(text));
  }
  const env: Record<string, string> = { PATH: process.env['PATH'] ?? '', NO_COLOR: '1' };
  for (const [name, value] of Object.entries(c.env ?? {})) env[name] = here(value);
  const output = new Recorder();
  const program = c.bin === 'scorpio' ? scorpioProgram() : antaresProgram();
  const code = await runProgram(program, c.argv, { env, output });
  return Object.assign(output, { code });
}

const firstLine = (text: string) => text.split('\n')[0];

describe('recorded command lines', () => {
  const wanted = cases.filter((c) => !c.argv.some((w) => ELSEWHERE.includes(w)) && !OTHERWISE(c));
  const named = wanted.map((c) => ({ ...c, name: [c.bin, ...c.argv].join(' ') }));

  test.each(named.filter((c) => !SHOWS(c)))(
    'CLI-01, CLI-02, CLI-03, CLI-23, CMD-01..06: $name',
    async (recorded) => {
      const c = { ...recorded, ...OWN_RULE[recorded.name] };
      const said = await run(c);
      expect(said.code).toBe(c.code);
      if (c.stdoutLines === 0 && c.code !== 0) expect(said.stdout).toBe('');
      if (c.stdoutFirst !== undefined && !c.argv.includes('completions'))
        expect(firstLine(said.stdout)).toBe(c.stdoutFirst.replaceAll('$D', dir));
      const errors = c.bin === 'antares' ? said.stderr.replace(/^note: .*\n/, '') : said.stderr;
      if (c.stderrFirst !== undefined && c.code === recorded.code)
        expect(firstLine(errors)).toBe(c.stderrFirst.replaceAll('$D', dir));
      if (errors.startsWith('error: ')) expect(errors).toMatch(/try '--help'\.\n$/);
    },
  );

  test.each(named.filter(SHOWS))('K-06: $name makes nothing and prints the value', async (c) => {
    const said = await run(c);
    expect(said.code).toBe(0);
    expect(said.stdout).toContain(Object.values(c.env ?? {})[0]!.replace('$D', dir));
  });
});

describe('conventions of the command line', () => {
  const code = async (argv: string[], bin: Case['bin'] = 'scorpio') =>
    (await run({ bin, argv, code: 0, stdoutLines: 0 })).code;

  test('CLI-03: global options before and after the subcommand', async () => {
    expect(await code(['-c', 'ok.toml', 'config', 'validate'])).toBe(0);
    expect(await code(['config', 'validate', '--log-level', 'info', '-c', 'ok.toml'])).toBe(0);
  });

  test('CLI-17: `antares` says that it is deprecated first, whatever follows, and takes options before the subcommand only', async () => {
    for (const argv of [['--help'], ['--version'], ['bogus']]) {
      const said = await run({ bin: 'antares', argv, code: 0, stdoutLines: 0 });
      expect(firstLine(said.stderr)).toMatch(/^note: .*scorpio <subcommand>/);
    }
  });

  test('a near miss is named in a tip', async () => {
    const said = await run({ bin: 'scorpio', argv: ['docter'], code: 2, stdoutLines: 0 });
    expect(said.stderr).toContain("tip: a similar subcommand exists: 'doctor'");
    const flag = await run({ bin: 'scorpio', argv: ['--log-levle', 'x'], code: 2, stdoutLines: 0 });
    expect(flag.stderr).toContain("tip: a similar argument exists: '--log-level'");
  });

  test('values that look like numbers stay text, and values of hostile length or content do no harm', async () => {
    for (const path of ['007', '1e3', '__proto__', 'constructor', '--', 'x'.repeat(10_000)]) {
      const argv = ['config', 'init', '--force', '--', path];
      const said = await run({ bin: 'scorpio', argv, code: 0, stdoutLines: 0 });
      if (path.length < 255)
        expect(firstLine(said.stdout)).toBe(`wrote config template to ${path}`);
      else expect(said.code).toBe(2);
    }
    expect(await code(['--config-path=hasOwnProperty', 'config', 'validate'])).toBe(2);
  });

  test('K-40: a closed standard output ends a command quietly', async () => {
    const output = new Recorder(true);
    expect(await runProgram(scorpioProgram(), ['--help'], { env: {}, output })).toBe(0);
    expect(output.stderr).toBe('');
  });
});
