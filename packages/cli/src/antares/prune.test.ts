import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { canMount, endMount } from '@scorpiofs/fuse/testing';
import { startMonoServer, type MonoServer } from '@scorpiofs/mono-server';
import { antaresProgram, scorpioProgram } from '../programs.js';
import { runProgram } from '../run-program.js';
import { Recorder } from '../testing/recorder.js';

const run = promisify(execFile);
const bin = (app: App) =>
  fileURLToPath(new URL(`../../../../apps/${app}/bin/${app}.js`, import.meta.url));

let dir = '';
const at = (...names: string[]): string => join(dir, ...names);
const ID = '6317c26d-2353-422f-9a8e-52667c1aad2c';

async function configure(url: string): Promise<void> {
  const q = (name: string): string => JSON.stringify(at(name));
  await writeFile(
    at('ok.toml'),
    `base_url = "${url}"
lfs_url = "${url}"
workspace = ${q('w')}
store_path = ${q('store')}
config_file = ${q('works.toml')}
antares_upper_root = ${q('up')}
antares_cl_root = ${q('cl')}
antares_mount_root = ${q('mnt')}
antares_state_file = ${q('st/state.toml')}
http_addr = "127.0.0.1:0"
`,
  );
}

interface Said {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

type App = 'scorpio' | 'antares';

async function call(app: App, ...words: string[]): Promise<Said> {
  const output = new Recorder();
  const program = app === 'scorpio' ? scorpioProgram() : antaresProgram();
  const argv = ['--config-path', at('ok.toml'), ...words];
  const code = await runProgram(program, argv, { env: {}, output });
  return { code, out: output.stdout, err: output.stderr };
}

const prune = (...words: string[]): Promise<Said> => call('scorpio', 'prune', ...words);
const NOW = ['--older-than', '0s'];

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'scorpio-cli-prune-'));
});
afterEach(async () => {
  await rm(dir, { recursive: true });
});

describe('without a daemon', () => {
  beforeEach(async () => {
    await configure('http://127.0.0.1:9');
    await mkdir(at('up', ID, 'written'), { recursive: true });
    await mkdir(at('up/.work', ID, 'work'), { recursive: true });
    await mkdir(at('cl', ID), { recursive: true });
    await mkdir(at('mnt', ID), { recursive: true });
  });

  test('S-06, D14: a dry run tells and removes nothing; --yes removes; an hour is the default age; CLI-18: both programs', async () => {
    expect(await prune('--yes')).toMatchObject({ code: 0, out: 'nothing to prune\n' });
    const line = (verb: string, what: string, where: string): RegExp =>
      new RegExp(`^${verb} ${what} ${at(where, ID)} \\(left \\d+ [sm] ago\\)$`, 'm');
    const places = [
      ['mount point', 'mnt'],
      ['change list', 'cl'],
      ['upper', 'up'],
    ] as const;
    const dry = await call('antares', 'prune', '-n', ...NOW);
    for (const [what, where] of places) expect(dry.out).toMatch(line('would remove', what, where));
    expect(await readdir(at('up', ID))).toEqual(['written']);
    const done = await call('antares', 'prune', '-y', ...NOW);
    expect([dry.code, done.code]).toEqual([0, 0]);
    for (const [what, where] of places) {
      expect(done.out).toMatch(line('removed', what, where));
      expect(existsSync(at(where, ID))).toBe(false);
    }
    expect(done.out.split('\n')).toHaveLength(4);
    // It ends when all is gone, not before.
    expect(await readdir(at('up/.trash'))).toEqual([]);
    expect(await readdir(at('up/.work/.trash'))).toEqual([]);
  });

  test('CLI-13: --json is what the daemon answers', async () => {
    const said = await prune('--json', '--dry-run', ...NOW);
    const changed_at_epoch_ms = expect.any(Number);
    expect(JSON.parse(said.out)).toEqual({
      dry_run: true,
      directories: [
        { kind: 'mountpoint', path: at('mnt', ID), changed_at_epoch_ms },
        { kind: 'cl', path: at('cl', ID), changed_at_epoch_ms },
        { kind: 'upper', path: at('up', ID), changed_at_epoch_ms },
      ],
    });
  });

  test('D14: what a record names stays, whoever owns it or nobody does; what somebody put below a mount point stays', async () => {
    await mkdir(at('st'));
    await mkdir(at('mnt', randomUUID(), 'somebody'), { recursive: true });
    const record = `[[mounts]]
mount_id = "${ID}"
path = "/"
mountpoint = "${at('mnt', ID)}"
upper_dir = "${at('up', ID)}"
`;
    const owners = ['', 'owner_pid = 1\nowner_start = "1"\n', `owner_pid = ${process.pid}\n`];
    for (const owner of owners) {
      await writeFile(at('st/state.toml'), record + owner);
      expect(await prune('--yes', ...NOW)).toMatchObject({ code: 0, out: 'nothing to prune\n' });
    }
    expect(await readdir(at('up', ID))).toEqual(['written']);
  });

  test('CFG-29, W-28, D14: a state file that does not parse is exit code 2, and nothing goes', async () => {
    await mkdir(at('st'));
    await writeFile(at('st/state.toml'), '[[mounts');
    expect(await prune('--yes', ...NOW)).toMatchObject({ code: 2, out: '' });
    expect(await readdir(at('up', ID))).toEqual(['written']);
  });

  test('D14: where nobody can be asked nothing goes without --yes', async () => {
    for (const words of [[], ['--json']])
      expect(await prune(...NOW, ...words)).toMatchObject({
        code: 2,
        out: '',
        err: expect.stringMatching(/nobody to ask.*\nhint: .*--dry-run.*--yes/),
      });
    expect(await readdir(at('up', ID))).toEqual(['written']);
  });

  const asked = existsSync('/usr/bin/script') ? test : test.skip;
  asked('D14: at a terminal it shows what would go and asks; only a yes lets it go', async () => {
    const answer = async (text: string): Promise<string> => {
      const line = `'${process.execPath}' '${bin('scorpio')}' -c '${at('ok.toml')}' prune --older-than 0s`;
      const child = spawn('script', ['-qefc', line, '/dev/null'], { cwd: '/' });
      let said = '';
      child.stdout.setEncoding('utf8').on('data', (part: string) => {
        said += part;
        if (said.includes('[y/N] ') && child.stdin.writable) child.stdin.end(text);
      });
      await once(child, 'close');
      return said;
    };
    for (const no of ['n\n', '\u0004'])
      expect(await answer(no)).toMatch(/would remove upper [^]*Remove these 3 .*[^]*nothing was/);
    expect(await readdir(at('up', ID))).toEqual(['written']);
    expect(await answer('y\n')).toMatch(/\nremoved upper /);
    expect(existsSync(at('up', ID))).toBe(false);
  });
});

const mounted = canMount() ? describe : describe.skip;

mounted('with a daemon (skipped without root and /dev/fuse)', () => {
  let server: MonoServer;
  let repo: string;
  beforeAll(async () => {
    repo = await mkdtemp(join(tmpdir(), 'scorpio-cli-prune-repo-'));
    await run('git', ['init', '--quiet', '--initial-branch=main', repo]);
    await writeFile(join(repo, 'README'), 'hello\n');
    const identity = ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.test'];
    await run('git', ['-C', repo, 'add', '--all']);
    await run('git', ['-C', repo, ...identity, 'commit', '--quiet', '-m', 'first']);
    server = await startMonoServer({ repo });
  });
  afterAll(async () => {
    await server.close();
    await rm(repo, { recursive: true });
  });

  async function serve(app: App, ...words: string[]): Promise<ChildProcess> {
    const argv = [bin(app), '--config-path', at('ok.toml'), ...words];
    const child = spawn(process.execPath, argv, { cwd: dir, stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => (said += text));
    while (!/server running on|starting Antares daemon on/.test(said)) {
      if (child.exitCode !== null) throw new Error(said);
      await new Promise((r) => setTimeout(r, 20));
    }
    return child;
  }

  const upperOf = async (app: App, job: string): Promise<string> => {
    const said = await call(app, 'list', '--json');
    const jobs = JSON.parse(said.out) as { job_id: string; upper: string }[];
    return jobs.find(({ job_id }) => job_id === job)?.upper ?? 'none';
  };

  test.each([
    ['scorpio', ['serve']],
    ['antares', ['serve', '--bind', '127.0.0.1:0']],
  ] as const)(
    'S-06, D14: %s is asked: the upper of an ended job goes, a mounted one stays; without a daemon it still stays',
    async (app, words) => {
      await configure(server.url);
      const daemon = await serve(app, ...words);
      const exit = once(daemon, 'exit');
      try {
        for (const job of ['live', 'kept']) {
          let said = await call(app, 'mount', job);
          while (said.err.includes('the daemon is starting')) said = await call(app, 'mount', job);
          expect(said).toMatchObject({ code: 0 });
        }
        const live = await upperOf(app, 'live');
        const kept = await upperOf(app, 'kept');
        await writeFile(at('mnt/live/own'), 'own\n');
        expect(await call(app, 'umount', 'kept')).toMatchObject({ code: 0 });
        expect(await call(app, 'prune', '-y')).toMatchObject({ out: 'nothing to prune\n' });
        const { out } = await call(app, 'prune', '-y', '--json', ...NOW);
        const { directories } = JSON.parse(out) as { directories: { path: string }[] };
        expect(directories.map(({ path }) => path)).toEqual([kept]);
        expect(existsSync(kept)).toBe(false);
        expect(await readFile(at('mnt/live/own'), 'utf8')).toBe('own\n');
        daemon.kill('SIGTERM');
        await exit;
        expect(await call(app, 'prune', '-y', ...NOW)).toMatchObject({ out: 'nothing to prune\n' });
        expect(await readFile(join(live, 'own'), 'utf8')).toBe('own\n');
        // Kept by this process: from now on it is nobody's, and new.
        expect(await call(app, 'umount', 'live')).toMatchObject({ code: 0 });
        expect(await call(app, 'prune', '-y')).toMatchObject({ out: 'nothing to prune\n' });
        expect(await call(app, 'prune', '-y', ...NOW)).toMatchObject({ code: 0 });
        expect(existsSync(live)).toBe(false);
      } finally {
        daemon.kill('SIGTERM');
        await exit;
        const table = await readFile('/proc/self/mountinfo', 'utf8');
        for (const point of table.match(/\S+/g) ?? [])
          if (point.startsWith(dir)) await endMount(point);
      }
    },
  );
});
