import { execFileSync, spawnSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { canMount, until } from '@scorpiofs/fuse/testing';

const BIN = fileURLToPath(new URL('../../../../apps/scorpio/bin/', import.meta.url));

/** Needs root and /dev/fuse; elsewhere it is counted as skipped. */
const mountTest = (name: string, body: () => void | Promise<void>): void =>
  canMount() ? test(name, body) : test.skip(`${name} (needs root and /dev/fuse)`, body);

let dir = '';
let lower = '';
let second = '';
let upper = '';
let mountpoint = '';

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'scorpio-overlay-'));
  [lower, second, upper, mountpoint] = ['lower', 'second', 'upper', 'mnt'].map((name) =>
    join(dir, name),
  ) as [string, string, string, string];
  for (const path of [lower, second, upper, mountpoint]) mkdirSync(path);
  writeFileSync(join(lower, 'file'), 'lower\n');
  writeFileSync(join(second, 'file'), 'hidden\n');
  writeFileSync(join(second, 'other'), 'second\n');
  mkdirSync(join(lower, 'directory'));
  writeFileSync(join(lower, 'directory', 'inside'), 'x\n');
});

const isMounted = (): boolean =>
  readFileSync('/proc/self/mounts', 'utf8').includes(` ${mountpoint} `);

afterEach(async () => {
  if (isMounted()) execFileSync('umount', [mountpoint], { timeout: 120_000 });
  await until('its server ends', () => servers() === '');
  rmSync(dir, { recursive: true });
});

function servers(): string {
  return spawnSync('pgrep', ['-f', `overlay.*${mountpoint}`], { encoding: 'utf8' }).stdout;
}

function run(program: string, ...args: string[]) {
  return spawnSync(process.execPath, [join(BIN, program), ...args], {
    encoding: 'utf8',
    timeout: 120_000,
  });
}

describe('scorpio overlay (issue 4: usable from a shell like fuse-overlayfs)', () => {
  mountTest(
    '-o data= chooses how data reaches programs; the other is an error that names both',
    () => {
      const layers = ['--lower', lower, '--upper', upper];
      const wrong = run('scorpio.js', 'overlay', ...layers, '-o', 'data=fast', mountpoint);
      expect([wrong.status, wrong.stderr]).toEqual([
        2,
        expect.stringContaining('data=passthrough'),
      ]);
      const made = run('scorpio.js', 'overlay', ...layers, '-o', 'data=passthrough', mountpoint);
      expect([made.stderr, made.status]).toEqual(['', 0]);
      writeFileSync(join(mountpoint, 'file'), 'changed\n');
      expect(readFileSync(join(upper, 'file'), 'utf8')).toBe('changed\n');
    },
  );

  mountTest('a writable view; diff lists what was changed from the directories alone', async () => {
    const layers = ['--lower', `${lower}:${second}`, '--upper', upper];
    const made = run('scorpio.js', 'overlay', ...layers, mountpoint);
    expect([made.stderr, made.status]).toEqual(['', 0]);
    expect(readFileSync(join(mountpoint, 'file'), 'utf8')).toBe('lower\n');
    writeFileSync(join(mountpoint, 'new'), 'n');
    writeFileSync(join(mountpoint, 'file'), 'changed\n');
    rmSync(join(mountpoint, 'other'));
    renameSync(join(mountpoint, 'directory'), join(mountpoint, 'moved'));
    expect(readdirSync(mountpoint).sort()).toEqual(['file', 'moved', 'new']);
    expect(readFileSync(join(lower, 'file'), 'utf8')).toBe('lower\n');

    const again = run('scorpio.js', 'overlay', 'diff', ...layers);
    expect(again.status).toBe(2);
    expect(again.stderr).toContain('in use by another overlay');

    execFileSync('umount', [mountpoint], { timeout: 120_000 });
    const diffed = () => run('scorpio.js', 'overlay', 'diff', ...layers);
    let diff = diffed();
    // A daemon that is slow to end still has the upper after the two seconds that this waits for it.
    await until('the upper is free', () => {
      if (diff.status !== 0) diff = diffed();
      return diff.status === 0;
    });
    expect(diff.stdout.split('\n').sort()).toEqual([
      '',
      'A new',
      'D other',
      'M file',
      'R directory -> moved',
    ]);
  });

  mountTest('scorpio-overlay SRC MNT -o …, as mount(8) calls it', () => {
    const made = run(
      'scorpio-overlay.js',
      'overlay',
      mountpoint,
      '-o',
      `rw,lowerdir=${lower}:${second},upperdir=${upper},workdir=${join(dir, 'work')},allow_other`,
    );
    expect([made.stderr, made.status]).toEqual(['', 0]);
    writeFileSync(join(mountpoint, 'new'), 'n');
    expect(readFileSync(join(upper, 'new'), 'utf8')).toBe('n');
    expect(readFileSync('/proc/self/mounts', 'utf8')).toContain(
      `${mountpoint} fuse.scorpio-overlay rw,nosuid,nodev`,
    );
  });

  mountTest('without an upper it is read-only', () => {
    expect(run('scorpio.js', 'overlay', '--lower', lower, mountpoint).status).toBe(0);
    expect(() => writeFileSync(join(mountpoint, 'new'), 'x')).toThrow(/EROFS/);
  });

  test.each([
    ['no layer', () => [mountpoint], 'needs at least one layer'],
    ['a missing lower', () => ['--lower', join(dir, 'nothing'), mountpoint], 'does not exist'],
    [
      'an upper inside a lower',
      () => ['--lower', dir, '--upper', upper, mountpoint],
      'inside each',
    ],
    [
      'a mount point inside a layer',
      () => ['--lower', lower, join(lower, 'directory')],
      'inside each',
    ],
    [
      'an unknown option',
      () => ['-o', 'bogus', '--lower', lower, mountpoint],
      'unknown mount option',
    ],
    [
      'a work directory without an upper',
      () => ['--lower', lower, '--work', dir, mountpoint],
      'without an upper',
    ],
  ])('%s: exit 2, a sentence with a hint, nothing mounted', (_what, args, sentence) => {
    const made = run('scorpio.js', 'overlay', ...args());
    expect(made.status).toBe(2);
    expect(made.stderr).toContain(sentence);
    expect(made.stderr).toContain('hint: ');
    expect(isMounted()).toBe(false);
  });
});
