import { execFile, execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { antaresProgram, overlayProgram, runProgram, scorpioProgram } from '@scorpiofs/cli';
import { canMount, until } from '@scorpiofs/fuse/testing';
import { blocksOf, documents, mentions, type Block } from './testing/doc-blocks.js';
import { freePort } from './testing/free-port.js';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const PROGRAMS = {
  scorpio: 'apps/scorpio/bin/scorpio.js',
  'scorpio-overlay': 'apps/scorpio/bin/scorpio-overlay.js',
  antares: 'apps/antares/bin/antares.js',
};
const LANGUAGES = ['sh', 'ts', 'js', 'toml', 'json', 'text'];
const mounts = canMount();
/** For one block that hangs. */
const WAIT_MS = 240_000;
const run = promisify(execFile);
const all = documents(ROOT).map((file) => ({ file, blocks: blocksOf(ROOT, file) }));

let top = '';
let bin = '';
beforeAll(() => {
  top = realpathSync(mkdtempSync(join(tmpdir(), 'scorpio-docs-')));
  bin = join(top, 'bin');
  mkdirSync(bin);
  for (const [name, file] of Object.entries(PROGRAMS))
    symlinkSync(join(ROOT, file), join(bin, name));
});
afterAll(() => rmSync(top, { recursive: true }));

const mountsBelow = (dir: string): string[] =>
  readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '')
    .filter((path) => path.startsWith(dir))
    .reverse();

/** What a reader of one document has: a folder that is a Git repository, the programs, and places of their own. */
class Reader implements AsyncDisposable {
  readonly dir: string;
  readonly #running: { at: string; child: ChildProcess }[] = [];

  private constructor(
    file: string,
    private readonly http: number,
    private readonly mega: number,
  ) {
    this.dir = join(top, file.replaceAll('/', '-'));
    mkdirSync(join(this.dir, 'project'), { recursive: true });
    writeFileSync(join(this.dir, 'README.md'), '# here\n');
    writeFileSync(join(this.dir, 'project/main.c'), 'int main(void) { return 0; }\n');
    const who = ['-c', 'user.name=t', '-c', 'user.email=t@t'];
    for (const words of [
      ['init', '-qb', 'main'],
      ['add', '-A'],
      [...who, 'commit', '-qm', 'all'],
    ])
      execFileSync('git', ['-C', this.dir, ...words], { env: this.env });
  }

  static async create(file: string): Promise<Reader> {
    return new Reader(file, await freePort(), await freePort());
  }

  get env(): Record<string, string> {
    const at = (name: string) => join(this.dir, 'places', name);
    return {
      PATH: `${bin}:${process.env['PATH']}`,
      HOME: this.dir,
      SCORPIO_WORKSPACE: at('mount'),
      SCORPIO_STORE_PATH: at('store'),
      SCORPIO_CONFIG_FILE: at('works.toml'),
      SCORPIO_ANTARES_UPPER_ROOT: at('antares/upper'),
      SCORPIO_ANTARES_CL_ROOT: at('antares/cl'),
      SCORPIO_ANTARES_MOUNT_ROOT: at('antares/mnt'),
      SCORPIO_ANTARES_STATE_FILE: at('antares/state.toml'),
      SCORPIO_HTTP_ADDR: `127.0.0.1:${this.http}`,
    };
  }

  /** Absolute places of an example are in this folder, and its ports are free ones. */
  local(text: string): string {
    return text
      .replaceAll(/(?<![\w.])\/(srv|mnt|var\/lib|tmp)\//g, `${this.dir}/$1/`)
      .replaceAll(/(?<=^node )scripts\//gm, `${ROOT}scripts/`)
      .replaceAll('127.0.0.1:2725', `127.0.0.1:${this.http}`)
      .replaceAll('127.0.0.1:8000', `127.0.0.1:${this.mega}`);
  }

  async setup({ marks }: Block): Promise<void> {
    const setup = this.local(marks.get('setup') ?? '');
    mkdirSync(join(this.dir, 'places'), { recursive: true });
    if (setup !== '') await run('bash', ['-ec', setup], { cwd: this.dir, env: this.env });
  }

  /** Runs words to their end; or, for what goes on, until they say `sign` or a mount is there. */
  async words(argv: readonly string[], block: Block): Promise<void> {
    await this.setup(block);
    const [file = '', ...rest] = argv;
    // The programs of the project itself, as README.md names them, are run where they are.
    const own = block.text.startsWith('./scripts/');
    const cwd = own ? ROOT : this.dir;
    // They install what is not there, with the settings of whoever runs this.
    const env = own ? { ...this.env, HOME: process.env['HOME'] ?? this.dir } : this.env;
    const child = spawn(file, rest, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => (said += text));
    const ended = once(child, 'close');
    const sign = block.marks.get('goes on');
    const mount = block.marks.get('mounts');
    if (sign === undefined && mount === undefined) {
      const late = setTimeout(() => child.kill('SIGKILL'), WAIT_MS);
      const [code] = (await ended) as [number];
      clearTimeout(late);
      if (code !== 0) throw new Error(`${block.at} ended with ${code}:\n${said}`);
      return;
    }
    this.#running.push({ at: block.at, child });
    const there = () =>
      sign === undefined
        ? mountsBelow(this.local(`${mount}/`).slice(0, -1)).length > 0
        : said.includes(sign);
    await until(block.at, () => {
      if (child.exitCode !== null) throw new Error(`${block.at} ended:\n${said}`);
      return there();
    });
    if (mount === undefined) return;
    const then = this.local(block.marks.get('then') ?? '');
    execFileSync('timeout', ['120', ...then.split(' ')]);
    execFileSync('timeout', ['120', 'umount', this.local(`${mount}/`)]);
    expect([block.at, ...((await ended) as unknown[])]).toEqual([block.at, 0, null]);
  }

  /** Ends what goes on, as Ctrl-C does: it must end well. */
  async end(): Promise<void> {
    for (const { at, child } of this.#running.splice(0).reverse()) {
      if (child.exitCode === null) {
        child.kill('SIGINT');
        await once(child, 'close');
      }
      expect([at, child.exitCode]).toEqual([at, 0]);
    }
    expect(mountsBelow(this.dir)).toEqual([]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { child } of this.#running) {
      child.kill('SIGKILL');
      await new Promise((r) => setTimeout(r, 500));
    }
    for (const path of mountsBelow(this.dir)) await run('umount', ['-l', path]);
  }
}

describe('documents (issue 6 item 6)', () => {
  test('every block says what it is', () => {
    const odd = all.flatMap(({ blocks }) => blocks.filter((b) => !LANGUAGES.includes(b.language)));
    expect(odd.map(({ at, language }) => `${at} "${language}"`)).toEqual([]);
  });

  const skipped = all.flatMap(({ blocks }) => blocks).filter(({ marks }) => marks.has('not run'));
  for (const { at, marks } of skipped)
    test.skip(`${at} is not run: ${marks.get('not run')}`, () => {});

  const withWords = all.filter(({ blocks }) => runnable(blocks, 'sh').length > 0);
  (mounts ? test : test.skip).each(withWords)(
    '$file: its commands work, one after the other (skipped without root and /dev/fuse)',
    async ({ file, blocks }) => {
      await using reader = await Reader.create(file);
      for (const block of blocks.filter(({ marks }) => !marks.has('not run'))) {
        const name = block.marks.get('file');
        if (name !== undefined) {
          mkdirSync(dirname(join(reader.dir, name)), { recursive: true });
          writeFileSync(join(reader.dir, name), reader.local(block.text));
        }
        if (block.language === 'sh')
          await reader.words(
            ['bash', '-euo', 'pipefail', '-c', execLast(reader.local(block.text), block)],
            block,
          );
      }
      await reader.end();
    },
  );

  const programs = all.flatMap(({ blocks }) => [
    ...runnable(blocks, 'ts'),
    ...runnable(blocks, 'js'),
  ]);
  (mounts ? test : test.skip)(
    'every program of a document is well typed, and runs (skipped without root and /dev/fuse)',
    async () => {
      await using reader = await Reader.create('programs');
      link(reader.dir);
      const files = programs.map((block, i) => ({ block, name: `example-${i}` }));
      for (const { block, name } of files)
        writeFileSync(join(reader.dir, `${name}.ts`), `${reader.local(block.text)}\nexport {};\n`);
      await typed(reader.dir, files);
      const served = {
        at: 'server',
        language: 'sh',
        text: '',
        marks: new Map([['goes on', 'http://']]),
      };
      await reader.words(
        ['scorpio', 'mono', '--repo', '.', '--bind', reader.local('127.0.0.1:8000')],
        served,
      );
      for (const { block, name } of files.filter((f) => !f.block.marks.has('only typed')))
        await reader.words([process.execPath, `out/${name}.js`], block);
      await reader.end();
    },
  );

  const files = all.flatMap(({ blocks }) => [
    ...runnable(blocks, 'toml'),
    ...runnable(blocks, 'json'),
  ]);
  test('every configuration is accepted, every JSON parses', async () => {
    for (const { at, language, text } of files) {
      if (language === 'json') {
        expect(() => JSON.parse(text) as unknown).not.toThrow();
        continue;
      }
      const path = join(top, 'check.toml');
      writeFileSync(path, text);
      const words = [join(ROOT, PROGRAMS.scorpio), '-c', path, 'config', 'validate', '--strict'];
      const said = await run(process.execPath, words, { env: { PATH: process.env['PATH'] ?? '' } });
      expect([at, said.stdout]).toEqual([at, `${path}: OK\n`]);
    }
  });

  test('files that are named in running text are there', () => {
    for (const { file } of all) {
      const text = readFileSync(join(ROOT, file), 'utf8');
      for (const [, path = ''] of text.matchAll(
        /`((?:scripts|deploy|docs|packages|apps)\/[\w./-]+)[` ]/g,
      ))
        expect([file, path, existsSync(join(ROOT, path))]).toEqual([file, path, true]);
    }
  });

  test('commands and flags that are named in running text exist', async () => {
    const helps = new Map<string, string>();
    for (const { at, words } of documents(ROOT).flatMap((file) => mentions(ROOT, file))) {
      const [name = '', ...rest] = words.filter((word) => word !== 'help');
      const flags = rest.filter((word) => word.startsWith('--')).map((w) => w.split('=')[0] ?? w);
      const end = rest.findIndex((word) => !/^[a-z][a-z-]+$/.test(word));
      const path = rest.slice(0, end < 0 ? rest.length : end);
      const key = [name, ...path].join(' ');
      if (!helps.has(key)) helps.set(key, await helpOf(name, path));
      expect([at, key, helps.get(key)]).toEqual([at, key, expect.stringContaining('Usage: ')]);
      for (const flag of flags) expect([at, helps.get(key)?.includes(flag)]).toEqual([at, true]);
    }
    expect(helps.size).toBeGreaterThan(5);
  });
});

/** What `help` says about a command; words after a command that takes none are its arguments. */
async function helpOf(name: string, path: readonly string[]): Promise<string> {
  const program =
    { scorpio: scorpioProgram(), antares: antaresProgram() }[name] ?? overlayProgram();
  let said = '';
  const output = {
    interactive: false,
    width: 100,
    out: (text: string) => (said += text),
    err: () => {},
  };
  await runProgram(program, [...path, '--help'], { env: {}, output });
  return said;
}

function runnable(blocks: readonly Block[], language: string): Block[] {
  return blocks.filter((b) => b.language === language && !b.marks.has('not run'));
}

/** What goes on is the last command: it takes the place of the shell, so that a signal reaches it. */
function execLast(text: string, { marks }: Block): string {
  if (!marks.has('goes on')) return text;
  const lines = text.trimEnd().split('\n');
  return [...lines.slice(0, -1), `exec env ${lines.at(-1)}`].join('\n');
}

/** The packages as an installation would have them. */
function link(dir: string): void {
  mkdirSync(join(dir, 'node_modules/@scorpiofs'), { recursive: true });
  for (const { file } of all) {
    const [group, name = ''] = file.split('/');
    if (group !== 'packages' || !file.endsWith(`${name}/README.md`)) continue;
    symlinkSync(join(ROOT, 'packages', name), join(dir, 'node_modules/@scorpiofs', name));
  }
  for (const name of ['@jest', '@types'])
    symlinkSync(join(ROOT, 'node_modules', name), join(dir, 'node_modules', name));
  writeFileSync(join(dir, 'package.json'), '{"type":"module"}');
}

async function typed(dir: string, files: readonly { block: Block; name: string }[]): Promise<void> {
  const tsconfig = {
    extends: join(ROOT, 'tsconfig.base.json'),
    compilerOptions: {
      outDir: 'out',
      rootDir: '.',
      target: 'es2022',
      composite: false,
      declaration: false,
      declarationMap: false,
      sourceMap: false,
    },
    files: files.map(({ name }) => `${name}.ts`),
  };
  writeFileSync(join(dir, 'tsconfig.json'), JSON.stringify(tsconfig));
  const tsc = join(ROOT, 'node_modules/.bin/tsc');
  const said = await run(tsc, ['-p', dir], { cwd: dir }).then(
    () => '',
    (error: unknown) => (error as { stdout: string }).stdout,
  );
  const named = files.reduce(
    (text, { name, block }) => text.replaceAll(`${name}.ts`, `${block.at} (${name}.ts)`),
    said,
  );
  expect(named).toBe('');
}
