import { execFile, execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const TAG = 'v0.0.1-test';
const exec = promisify(execFile);
let dir = '';

/** Some ten thousand small files are made, which takes a disk three times as long as memory. */
const inMemory = process.getuid?.() === 0;

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'scorpio-deploy-'));
  if (inMemory) execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1g', 'none', dir]);
});
afterAll(() => {
  if (inMemory) execFileSync('umount', [dir]);
  rmSync(dir, { recursive: true });
});

/** As `sha256sum` writes it. */
function sumLine(at: string, name: string): string {
  const hash = createHash('sha256').update(readFileSync(join(at, name)));
  return `${hash.digest('hex')}  ${name}\n`;
}

describe('entry point of the image (DEP-01)', () => {
  const entry = (args: string[], env: Record<string, string> = {}) => {
    const bin = join(dir, 'stub');
    mkdirSync(bin, { recursive: true });
    writeFileSync(join(bin, 'scorpio'), '#!/bin/sh\necho "$@"\n');
    chmodSync(join(bin, 'scorpio'), 0o755);
    return spawnSync(join(ROOT, 'deploy/entrypoint.sh'), args, {
      encoding: 'utf8',
      env: { PATH: `${bin}:${process.env['PATH']}`, ...env },
    });
  };

  test.each([
    [['serve']],
    [[]],
    [['--log-level', 'debug', 'serve']],
    [['--log-level', 'config', 'serve']],
  ])('%j without the URLs: exit 2 and a sentence', (args) => {
    const run = entry(args);
    expect(run.status).toBe(2);
    expect(run.stderr).toContain('SCORPIO_BASE_URL is not set');
  });

  test('serves with both, and other commands need neither', () => {
    const urls = { SCORPIO_BASE_URL: 'http://mega:8000', SCORPIO_LFS_URL: 'http://mega:8000/lfs' };
    expect(entry(['serve'], urls).stdout).toBe('--config-path /etc/scorpiofs/scorpio.toml serve\n');
    for (const word of ['doctor', '--help', 'completions', 'list'])
      expect(entry([word]).status).toBe(0);
  });
});

const hasAnalyze = spawnSync('systemd-analyze', ['--version']).status === 0;

describe('units (DEP-05)', () => {
  const verify = hasAnalyze ? test : test.skip;
  verify.each(['scorpiofs.service', 'scorpiofs-antares.service'])(
    '%s passes systemd-analyze verify (skipped where it is not installed)',
    (unit) => {
      const text = readFileSync(join(ROOT, 'deploy/systemd', unit), 'utf8');
      // The programs are not installed here.
      const local = text.replaceAll(/\/usr\/local\/bin\/\w+/g, '/bin/true');
      const file = join(dir, unit);
      writeFileSync(file, local);
      const run = spawnSync('systemd-analyze', ['verify', file], { encoding: 'utf8' });
      expect(run.stderr.split('\n').filter((line) => line.includes(unit))).toEqual([]);
    },
  );

  test('what a killed daemon left is found by prefix and detached deepest first (DEP-06)', () => {
    const text = readFileSync(join(ROOT, 'deploy/systemd/scorpiofs.service'), 'utf8');
    const script = /^ExecStopPost=-\+\/bin\/sh -c '(.*)'$/m.exec(text)?.[1] ?? 'exit 1';
    const bin = join(dir, 'stub-umount');
    mkdirSync(bin);
    writeFileSync(join(bin, 'umount'), '#!/bin/sh\necho "$@"\n', { mode: 0o755 });
    const table = ['/', '/var/lib/scorpiofs/mount', '/var/lib/scorpiofs/antares/mnt/a']
      .concat('/var/lib/scorpiofs/antares/mnt/a/deep', '/var/lib/scorpiofs-other')
      .map((path) => `1 0 0:1 / ${path} rw - fuse x rw\n`);
    writeFileSync(join(dir, 'mountinfo'), table.join(''));
    const local = script
      .replaceAll('$$', '$')
      .replace('/proc/self/mountinfo', join(dir, 'mountinfo'));
    const env = { PATH: `${bin}:${process.env['PATH']}` };
    expect(execFileSync('sh', ['-c', local], { env, encoding: 'utf8' }).split('\n')).toEqual([
      '-l /var/lib/scorpiofs/mount',
      '-l /var/lib/scorpiofs/antares/mnt/a/deep',
      '-l /var/lib/scorpiofs/antares/mnt/a',
      '',
    ]);
  });

  const common = [
    'After=network-online.target',
    'Wants=network-online.target',
    'StartLimitIntervalSec=60',
    'StartLimitBurst=5',
    'Type=simple',
    'User=scorpiofs',
    'Group=scorpiofs',
    'AmbientCapabilities=CAP_SYS_ADMIN',
    'Restart=on-failure',
    'RestartSec=5s',
    // Longer than the daemon takes: 20 s and 15 s.
    'TimeoutStopSec=45',
    'KillMode=mixed',
    'LimitNOFILE=65536',
    'StandardOutput=journal',
    'StandardError=journal',
    'WantedBy=multi-user.target',
  ];
  const config = '--config-path /etc/scorpiofs/scorpio.toml';
  test.each([
    [
      'scorpiofs.service',
      `ExecStart=/usr/local/bin/scorpio ${config} serve --http-addr 127.0.0.1:2725`,
      ['mount', 'store', 'antares', 'antares/upper', 'antares/cl', 'antares/mnt'],
    ],
    [
      'scorpiofs-antares.service',
      `ExecStart=/usr/local/bin/antares ${config} serve --bind 127.0.0.1:2726`,
      ['antares', 'antares/upper', 'antares/cl', 'antares/mnt'],
    ],
  ])('DEP-05: %s has every directive, and binds to loopback', (unit, start, places) => {
    const lines = readFileSync(join(ROOT, 'deploy/systemd', unit), 'utf8').split('\n');
    expect(lines).toEqual(expect.arrayContaining([...common, start]));
    // Parents first, or they would stay root's.
    const made = ['/var/lib/scorpiofs', ...places.map((name) => `/var/lib/scorpiofs/${name}`)];
    const install = '+/usr/bin/install -d -o scorpiofs -g scorpiofs';
    expect(lines).toContain(`ExecStartPre=${install} ${made.join(' ')}`);
    expect(lines.filter((line) => line.startsWith('ExecStopPost=-'))).toHaveLength(1);
    // DEP-06: the group fuse is not on every system.
    expect(lines.filter((line) => line.startsWith('SupplementaryGroups'))).toEqual([]);
  });
});

describe('compose file (DEP-03, DEP-04)', () => {
  test('publishes on loopback, grants the device, waits for the end, keeps data', () => {
    const text = readFileSync(join(ROOT, 'deploy/docker-compose.yml'), 'utf8');
    for (const part of [
      '127.0.0.1:2725:2725',
      '/dev/fuse',
      'SYS_ADMIN',
      'stop_grace_period: 45s',
      'scorpiofs:/var/lib/scorpiofs',
      'MEGA_IMAGE:?',
    ])
      expect(text).toContain(part);
  });
});

describe('tarball and installer (DEP-07 to DEP-12)', () => {
  const target =
    process.arch === 'arm64' ? 'aarch64-unknown-linux-gnu' : 'x86_64-unknown-linux-gnu';
  const name = `scorpiofs-${TAG}-${target}.tar.gz`;
  const foreign = 'aarch64-unknown-linux-musl';
  const install = (args: string[], release = 'release', prefix = 'prefix') =>
    spawnSync(
      'bash',
      [join(ROOT, 'deploy/install.sh'), '--no-deps', '--prefix', join(dir, prefix), ...args],
      {
        encoding: 'utf8',
        timeout: 120_000,
        env: {
          ...process.env,
          SCORPIOFS_RELEASE_BASE: `file://${join(dir, release)}`,
          SCORPIOFS_ROOT: join(dir, 'root'),
        },
      },
    );

  /** A release whose programs are scripts: what an installer does with it is the same, and quick. */
  function stub(tag: string, script: string): void {
    const top = `scorpiofs-${tag}-${target}`;
    const at = join(dir, 'stubs', tag);
    mkdirSync(join(at, top), { recursive: true });
    for (const program of ['scorpio', 'antares', 'scorpio-overlay'])
      writeFileSync(join(at, top, program), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    cpSync(join(ROOT, 'deploy/systemd'), join(at, top, 'systemd'), { recursive: true });
    execFileSync('tar', ['-C', at, '-czf', join(at, `${top}.tar.gz`), top]);
    writeFileSync(join(at, `${top}.tar.gz.sha256`), sumLine(at, `${top}.tar.gz`));
  }
  const says = (program: string) => execFileSync(program, ['--version'], { encoding: 'utf8' });

  beforeAll(async () => {
    // What is packed for a foreign machine cannot run here, but it can be looked at.
    const system = ['--os=linux', '--cpu=arm64', '--libc=musl'];
    const env = { ...process.env, TMPDIR: dir };
    await Promise.all([
      exec(join(ROOT, 'scripts/release/tarball'), [TAG, target, join(dir, 'release', TAG)], {
        env,
      }),
      exec(join(ROOT, 'scripts/release/gather'), [join(dir, foreign), ...system], { env }),
    ]);
    mkdirSync(join(dir, target));
    await exec('tar', ['-C', join(dir, target), '-xzf', join(dir, 'release', TAG, name)]);
    const bad = join(dir, 'corrupt', TAG);
    mkdirSync(bad, { recursive: true });
    writeFileSync(join(bad, name), 'not a tarball');
    writeFileSync(
      join(bad, `${name}.sha256`),
      readFileSync(join(dir, 'release', TAG, `${name}.sha256`)),
    );
  });

  test('DEP-11: the tarball has its checksum, alone and in SHA256SUMS, and one directory with the programs', () => {
    const sum = sumLine(join(dir, 'release', TAG), name);
    const inside = readdirSync(join(dir, target, `scorpiofs-${TAG}-${target}`)).sort();
    expect(inside).toEqual(
      ['LICENSE-APACHE', 'LICENSE-MIT', 'README.md', 'antares', 'lib', 'scorpio'].concat(
        'scorpio-overlay',
        'systemd',
      ),
    );
    for (const file of [`${name}.sha256`, 'SHA256SUMS'])
      expect(readFileSync(join(dir, 'release', TAG, file), 'utf8')).toBe(sum);
  });

  test('a dry run changes nothing', () => {
    const run = install(['--version', TAG, '--dry-run']);
    expect([run.status, run.stderr]).toEqual([0, '']);
    expect(run.stdout).toContain('[dry-run]');
    expect(existsSync(join(dir, 'prefix'))).toBe(false);
    expect(existsSync(join(dir, 'root'))).toBe(false);
  });

  test('DEP-08: a tarball that does not match its checksum is refused, nothing is installed', () => {
    const run = install(['--version', TAG], 'corrupt');
    expect(run.status).toBe(1);
    expect(run.stderr).toContain('ERROR: the tarball does not match its checksum');
    expect(existsSync(join(dir, 'prefix'))).toBe(false);
  });

  test('DEP-09, DEP-10: installs programs that run, a valid configuration, and keeps an existing one; uninstall leaves it', () => {
    const run = install(['--version', TAG, '--enable-user-allow-other']);
    expect([run.stderr, run.status]).toEqual(['', 0]);
    const bin = join(dir, 'prefix/bin');
    expect(readdirSync(bin).sort()).toEqual(['antares', 'scorpio', 'scorpio-overlay']);
    expect(execFileSync(join(bin, 'scorpio'), ['--version']).toString()).toMatch(/^scorpio \d/);
    expect(execFileSync(join(bin, 'scorpio-overlay'), ['--version']).toString()).toMatch(/\d/);
    const antares = spawnSync(join(bin, 'antares'), ['--version'], { encoding: 'utf8' });
    expect(antares.stdout).toMatch(/^antares \d/);
    const config = join(dir, 'root/etc/scorpiofs/scorpio.toml');
    const fuse = join(dir, 'root/etc/fuse.conf');
    expect(readFileSync(fuse, 'utf8')).toBe('user_allow_other\n');
    writeFileSync(config, '# mine\nbase_url = "http://mega:8000"\n');
    stub('v0.0.2', 'echo two');
    const again = install(['--version', 'v0.0.2', '--enable-user-allow-other'], 'stubs');
    expect([again.stderr, again.status]).toEqual(['', 0]);
    expect(says(join(bin, 'scorpio'))).toBe('two\n');
    expect(readFileSync(config, 'utf8')).toContain('# mine');
    expect(readFileSync(fuse, 'utf8')).toBe('user_allow_other\n');
    expect(install(['--uninstall']).status).toBe(0);
    expect(readdirSync(bin)).toEqual([]);
    expect(existsSync(config)).toBe(true);
  });

  test('K-25: --systemd installs units that name the prefix; a dry run does not', () => {
    expect(install(['--version', TAG, '--systemd', '--dry-run']).status).toBe(0);
    expect(existsSync(join(dir, 'root/etc/systemd'))).toBe(false);
    stub('v0.0.3', 'true');
    const run = install(['--version', 'v0.0.3', '--systemd'], 'stubs');
    expect([run.stderr, run.status]).toEqual(['', 0]);
    const unit = readFileSync(join(dir, 'root/etc/systemd/system/scorpiofs.service'), 'utf8');
    expect(unit).toContain(`ExecStart=${join(dir, 'prefix/bin/scorpio')} --config-path`);
    expect(unit).not.toContain('/usr/local');
    expect(install(['--uninstall']).status).toBe(0);
  });

  test('a download that fails is exit 1 with what was asked for, and nothing is installed', () => {
    const run = install(['--version', 'v9.9.9']);
    expect(run.status).toBe(1);
    expect(run.stderr).toMatch(/^ERROR: cannot download file:.*scorpiofs-v9\.9\.9-/m);
    expect(readdirSync(join(dir, 'prefix/bin'))).toEqual([]);
  });

  test('DEP-12, K-25: --rollback changes places with the release before; without one it is refused', () => {
    const scorpio = join(dir, 'back/bin/scorpio');
    const at = (...args: string[]) => install(args, 'stubs', 'back');
    for (const tag of ['v1', 'v2']) {
      stub(tag, `echo ${tag}`);
      expect(at('--version', tag).status).toBe(0);
      if (tag === 'v1') expect(at('--rollback').stderr).toMatch(/^ERROR: no earlier release in /);
    }
    for (const tag of ['v1', 'v2', 'v1']) {
      const run = at('--rollback');
      expect([run.stderr, run.status, says(scorpio)]).toEqual(['', 0, `${tag}\n`]);
    }
    expect(at('--rollback', '--dry-run').status).toBe(0);
    expect(says(scorpio)).toBe('v1\n');
  });

  test('DEP-12: a release that does not start, or does not take the configuration, leaves the one before in place', () => {
    const scorpio = join(dir, 'kept/bin/scorpio');
    const at = (tag: string) => install(['--version', tag], 'stubs', 'kept');
    stub('v4', 'echo v4');
    expect(at('v4').status).toBe(0);
    stub('v5', 'exit 1');
    const dead = at('v5');
    expect(dead.status).toBe(1);
    expect(dead.stderr).toContain('the new program does not start here; nothing was changed');
    stub('v6', 'case "$*" in *validate*) exit 2;; esac; echo v6');
    const picky = at('v6');
    expect(picky.status).toBe(1);
    expect(picky.stderr).toMatch(/^ERROR: v6 does not accept .*, which v4 does; went back to v4$/m);
    expect(says(scorpio)).toBe('v4\n');
  });

  test.each([
    [target, process.arch === 'arm64' ? 'AArch64' : 'Advanced Micro Devices X86-64'],
    [foreign, 'AArch64'],
  ])(
    'every native file of %s is of that machine, and every one that is loaded is there',
    (system, machine) => {
      const out = join(dir, system);
      const natives = readdirSync(out, { recursive: true, encoding: 'utf8' }).filter(
        // The ARM library of fuse-native is for 32 bits; nothing loads it on arm64.
        (path) => /\.(node|so)$/.test(path) && !path.includes('fuse-shared-library-linux-arm/'),
      );
      const headers = execFileSync('readelf', ['-h', ...natives], { cwd: out, encoding: 'utf8' });
      const machines = [...headers.matchAll(/^File: (.*)$|^ *Machine: +(.*)$/gm)];
      expect(machines.map(([, file, of]) => file ?? of)).toEqual(
        natives.flatMap((path) => [path, machine]),
      );
      const libc = system.endsWith('musl') ? 'musl' : 'linux';
      const koffi = natives.filter(
        (path) => path.includes(`/${libc}_`) && path.endsWith('koffi.node'),
      );
      expect(koffi).toHaveLength(1);
      const lmdb = system.endsWith('musl') ? 'musl' : 'glibc';
      expect(natives.some((p) => p.includes('/lmdb-linux-') && p.includes(lmdb))).toBe(true);
    },
  );

  test('without a place of releases nothing is downloaded', () => {
    const env = { ...process.env, SCORPIOFS_RELEASE_BASE: '' };
    const run = spawnSync(
      'bash',
      [join(ROOT, 'deploy/install.sh'), '--no-deps', '--dry-run', '--version', TAG],
      { encoding: 'utf8', env },
    );
    expect([run.status, run.stdout]).toEqual([1, '']);
    expect(run.stderr).toContain('SCORPIOFS_RELEASE_BASE is not set');
  });

  test('the tarball names no directory of this machine', () => {
    const out = join(dir, target);
    expect(readdirSync(out)).toEqual([`scorpiofs-${TAG}-${target}`]);
    expect(spawnSync('grep', ['-rlF', ROOT, out], { encoding: 'utf8' }).stdout).toBe('');
  });

  test('a missing version, an unknown option and a tag that is a path are refused', () => {
    for (const args of [[], ['--nonsense'], ['--version', '../x'], ['--version']]) {
      const run = install(args);
      expect(run.status).toBe(1);
      expect(run.stderr).toContain('ERROR: ');
    }
  });
});
