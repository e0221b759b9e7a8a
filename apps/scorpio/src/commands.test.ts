import { describe, expect, test } from '@jest/globals';
import { execFile, execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { canMount } from '@scorpiofs/fuse/testing';
import { Scratch } from './testing/scratch.js';

const run = promisify(execFile);
const mounted = canMount() ? describe : describe.skip;
const FILES = { 'README.md': '# here\n', 'src/a.txt': 'a\n' };
/** Nobody listens there. */
const REFUSED = { SCORPIO_BASE_URL: 'http://127.0.0.1:9', SCORPIO_LFS_URL: 'http://127.0.0.1:9' };
const NO_OVERRIDE = ['setpriv', '--bounding-set', '-dac_override,-dac_read_search'];
const isRoot = process.getuid?.() === 0;

/** Reads as another process, which may wait without stopping this one. */
const cat = (...words: string[]) => run('timeout', ['120', ...words], { cwd: '/' });

describe('every command', () => {
  test('CFG-19: the configuration is only read: bytes and time of change stay, and it may be read-only', async () => {
    await using scratch = new Scratch();
    const path = scratch.write('scorpio.toml', '# mine\nload_dir_depth = 2 # two\n');
    chmodSync(path, 0o444);
    const before = statSync(path).mtimeMs;
    const commands = [
      ['config', 'validate'],
      ['config', 'show'],
      ['list'],
      ['umount', 'x'],
      ['doctor'],
    ];
    await Promise.all(commands.map((words) => scratch.start(words, REFUSED).ended));
    expect(readFileSync(path, 'utf8')).toBe('# mine\nload_dir_depth = 2 # two\n');
    expect(statSync(path).mtimeMs).toBe(before);
  });

  test('CLI-07, CLI-19: standard output has results alone at `trace`; an unknown job is exit 3', async () => {
    await using scratch = new Scratch();
    scratch.write('scorpio.toml', '');
    const list = scratch.start(['--log-level', 'trace', 'list'], REFUSED);
    const umount = scratch.start(['--log-level', 'trace', 'umount', 'x'], REFUSED);
    expect([await list.ended, list.stdout]).toEqual([0, 'no active jobs\n']);
    expect([await umount.ended, umount.stdout]).toEqual([3, '']);
    expect(umount.stderr).toContain('job x not found');
  });
});

describe('a configuration that cannot be used', () => {
  const cases: { what: string; make: (at: string) => void; words: string; wrap?: string[] }[] = [
    { what: 'a directory', make: (at) => mkdirSync(at), words: 'Is a directory' },
    {
      what: 'not UTF-8',
      make: (at) => writeFileSync(at, Buffer.from([0x61, 0x3d, 0x22, 0xff, 0x22])),
      words: 'UTF-8',
    },
    {
      what: 'with a key twice',
      make: (at) => writeFileSync(at, 'log_level = "info"\nlog_level = "warn"\n'),
      words: 'log_level',
    },
    { what: 'a loop of links', make: (at) => symlinkSync(at, at), words: 'symbolic links' },
    {
      what: 'unreadable',
      make: (at) => writeFileSync(at, '', { mode: 0 }),
      words: 'Permission denied',
      ...(isRoot && { wrap: NO_OVERRIDE }),
    },
  ];
  test.each(cases)(
    'issue 6, K-32: $what is exit 2, named, and nothing is made',
    async ({ make, words, wrap }) => {
      await using scratch = new Scratch();
      const path = join(scratch.dir, 'scorpio.toml');
      make(path);
      const programs = ['serve', 'list'].map((command) => scratch.start([command], {}, wrap));
      for (const program of programs) {
        expect(await program.ended).toBe(2);
        expect(program.stderr).toContain(words);
        expect(program.stderr).toContain('scorpio.toml');
        expect(program.stderr).toContain('hint: ');
      }
      expect(readdirSync(scratch.dir)).toEqual(['scorpio.toml']);
    },
  );

  test('K-15: roots that overlap are exit 2, and nothing is made', async () => {
    await using scratch = new Scratch();
    scratch.write('scorpio.toml', '');
    const env = { SCORPIO_ANTARES_MOUNT_ROOT: join(scratch.mnt, 'jobs') };
    const program = scratch.start(['serve'], env);
    expect(await program.ended).toBe(2);
    expect(program.stderr).toMatch(/antares_mount_root.*workspace|workspace.*antares_mount_root/);
    expect(existsSync(scratch.mnt)).toBe(false);
  });

  test('CFG-01, issue 6: blank variables and flags count as not set', async () => {
    await using scratch = new Scratch();
    scratch.write('scorpio.toml', 'load_dir_depth = 4\n');
    const blank = { SCORPIO_LOAD_DIR_DEPTH: '  ', SCORPIO_BASE_URL: '', SCORPIO_LOG: ' ' };
    const show = scratch.start(['--upper-root', ' ', 'config', 'show', '--json'], blank);
    expect([await show.ended, show.stderr]).toEqual([0, '']);
    expect(JSON.parse(show.stdout)).toMatchObject({
      load_dir_depth: 4,
      base_url: 'http://localhost:8000',
      antares_upper_root: scratch.env['SCORPIO_ANTARES_UPPER_ROOT'],
    });
  });
});

mounted('a server that is not there (skipped without root and /dev/fuse)', () => {
  test('CLI-21, K-38: `mount` and `http-mount` are exit 3, without a record, a mount or a success', async () => {
    await using scratch = new Scratch();
    scratch.write('scorpio.toml', '');
    const alone = scratch.start(['mount', 'x'], REFUSED);
    expect([await alone.ended, alone.stdout]).toEqual([3, '']);
    expect(alone.stderr).toMatch(/^failed to mount job x: .*\nhint: /m);
    const serve = scratch.start(['serve'], REFUSED);
    const url = await serve.url();
    const words = ['http-mount', '/', '--job-id', 'y', '--endpoint', `${url}/antares`];
    const asked = scratch.start(words, REFUSED);
    expect([await asked.ended, asked.stdout]).toEqual([3, '']);
    const list = scratch.start(['list'], REFUSED);
    expect([await list.ended, list.stdout]).toEqual([0, 'no active jobs\n']);
    serve.signal('SIGTERM');
    expect(await serve.ended).toBe(0);
    expect(await scratch.mounts()).toEqual([]);
  });
});

mounted('a daemon (skipped without root and /dev/fuse)', () => {
  test('HTTP-03, HTTP-05, K-31: what a body may not be; other hosts are warned about; an unknown change list is no layer', async () => {
    await using scratch = new Scratch();
    scratch.write('scorpio.toml', '');
    const repo = scratch.repository(FILES);
    const daemon = scratch.start(['serve', '--repo', repo, '--http-addr', '0.0.0.0:0']);
    const url = (await daemon.url()).replace('0.0.0.0', '127.0.0.1');
    expect(daemon.stderr).toMatch(/ WARN other hosts reach this address.* hint=/);
    const post = async (type: string, body: string) =>
      (
        await fetch(`${url}/antares/mounts`, {
          method: 'POST',
          headers: { 'content-type': type },
          body,
        })
      ).status;
    const json = 'application/json';
    expect(await post('text/plain', '{}')).toBe(415);
    expect(await post(json, '{')).toBe(400);
    expect(await post(json, '{"path":3}')).toBe(422);
    expect(await post(json, JSON.stringify({ path: 'x'.repeat(2_100_000) }))).toBe(413);
    const mount = scratch.start(['mount', 'x', '--cl', 'NOSUCHCL']);
    expect([await mount.ended, mount.stdout]).toEqual([3, '']);
    expect(mount.stderr).toContain('failed to fetch CL files: HTTP 404');
    daemon.signal('SIGTERM');
    expect(await daemon.ended).toBe(0);
  });

  test.each([
    ['true', 0],
    ['false', 1],
  ])('K-17: allow_other = %s lets other users in, or not', async (value, code) => {
    await using scratch = new Scratch();
    chmodSync(scratch.dir, 0o755);
    const env = { SCORPIO_ALLOW_OTHER: value };
    const daemon = scratch.start(['serve', '--repo', scratch.repository(FILES)], env);
    await daemon.url();
    const words = [
      'setpriv',
      '--reuid=65534',
      '--clear-groups',
      'cat',
      join(scratch.mnt, 'README.md'),
    ];
    const read = await cat(...words).then(
      () => 0,
      () => 1,
    );
    expect(read).toBe(code);
    daemon.signal('SIGTERM');
    expect(await daemon.ended).toBe(0);
  });

  test('dicfuse_readable = false: contents are EACCES in the workspace and in jobs', async () => {
    await using scratch = new Scratch();
    scratch.write('scorpio.toml', 'dicfuse_readable = false\n');
    const daemon = scratch.start(['serve', '--repo', scratch.repository(FILES)]);
    await daemon.url();
    const mount = scratch.start(['mount', 'x']);
    expect(await mount.ended).toBe(0);
    for (const at of [scratch.mnt, join(scratch.dir, 'antares/mnt/x')])
      await expect(cat('cat', join(at, 'README.md'))).rejects.toThrow('Permission denied');
    daemon.signal('SIGTERM');
    expect(await daemon.ended).toBe(0);
  });

  test('issue 6: a full disk below the store costs what does not fit, and nothing else', async () => {
    await using scratch = new Scratch();
    const repo = scratch.repository({ ...FILES, small: 's\n' });
    writeFileSync(join(repo, 'large'), randomBytes(12_000_000));
    const git = ['-C', repo, '-c', 'user.name=t', '-c', 'user.email=t@t'];
    for (const words of [
      ['add', '-A'],
      ['commit', '-qm', 'large'],
    ])
      execFileSync('git', [...git, ...words]);
    const store = join(scratch.dir, 'store');
    mkdirSync(store);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=5m', 'none', store]);
    const daemon = scratch.start(['serve', '--repo', repo]);
    await daemon.url();
    await expect(cat('cat', join(scratch.mnt, 'large'))).rejects.toThrow(
      /No space left|Input\/output/,
    );
    expect((await cat('cat', join(scratch.mnt, 'small'))).stdout).toBe('s\n');
    expect(daemon.stderr).toMatch(/ (WARN|ERROR) .*(ENOSPC|[Nn]o space left)/);
    daemon.signal('SIGTERM');
    expect(await daemon.ended).toBe(0);
    expect(await scratch.mounts()).toEqual([store]);
  });

  test('CFG-27, issue 6: a full disk below the records: the mount is undone and said, without a record', async () => {
    await using scratch = new Scratch();
    scratch.write('scorpio.toml', '');
    const records = join(scratch.dir, 'records');
    mkdirSync(records);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4k', 'none', records]);
    writeFileSync(join(records, 'fill'), 'x'.repeat(4096));
    const env = { SCORPIO_ANTARES_STATE_FILE: join(records, 'state.toml') };
    const daemon = scratch.start(['serve', '--repo', scratch.repository(FILES)], env);
    await daemon.url();
    const mount = scratch.start(['mount', 'x'], env);
    expect([await mount.ended, mount.stdout]).toEqual([3, '']);
    expect(mount.stderr).toMatch(/^failed to mount job x: .*no space left on device.*\nhint: /m);
    expect(await scratch.mounts()).not.toContain(join(scratch.dir, 'antares/mnt/x'));
    const list = scratch.start(['list'], env);
    expect([await list.ended, list.stdout]).toEqual([0, 'no active jobs\n']);
    daemon.signal('SIGTERM');
    expect(await daemon.ended).toBe(0);
  });
});
