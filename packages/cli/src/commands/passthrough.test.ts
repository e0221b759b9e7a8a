import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { canMount, until } from '@scorpiofs/fuse/testing';

const PROGRAM = fileURLToPath(new URL('../../../../apps/scorpio/bin/scorpio.js', import.meta.url));
/** Needs root and /dev/fuse; elsewhere it is counted as skipped. */
const mountTest = (name: string, body: () => void | Promise<void>): void =>
  canMount() ? test(name, body) : test.skip(`${name} (needs root and /dev/fuse)`, body);

let dir = '';
let source = '';
let mountpoint = '';

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'scorpio-passthrough-'));
  source = join(dir, 'source');
  mountpoint = join(dir, 'mnt');
  mkdirSync(source);
  mkdirSync(mountpoint);
  writeFileSync(join(source, 'file'), 'content\n');
});

afterEach(() => {
  if (readFileSync('/proc/self/mounts', 'utf8').includes(` ${mountpoint} `))
    execFileSync('umount', ['-l', mountpoint], { timeout: 120_000 });
  rmSync(dir, { recursive: true });
});

function scorpio(...args: string[]) {
  return spawnSync(process.execPath, [PROGRAM, ...args], { encoding: 'utf8', timeout: 120_000 });
}

/** Processes whose command line names our mount point. */
function servers(): string {
  return spawnSync('pgrep', ['-f', `passthrough.*${mountpoint}`], { encoding: 'utf8' }).stdout;
}

describe('scorpio passthrough (issue 4: usable from a shell like bindfs)', () => {
  mountTest('has mounted when it returns, and its server ends with the mount', async () => {
    const run = scorpio('passthrough', source, mountpoint);
    expect(run.stderr).toBe('');
    expect(run.status).toBe(0);
    expect(readFileSync(join(mountpoint, 'file'), 'utf8')).toBe('content\n');
    writeFileSync(join(mountpoint, 'new'), 'x');
    expect(existsSync(join(source, 'new'))).toBe(true);
    execFileSync('umount', [mountpoint], { timeout: 120_000 });
    await until('its server ends', () => servers() === '');
  });

  mountTest('-o ro,squash_to_uid: read-only, owners as asked', () => {
    expect(scorpio('passthrough', '-o', 'ro,squash_to_uid=1234', source, mountpoint).status).toBe(
      0,
    );
    expect(() => writeFileSync(join(mountpoint, 'new'), 'x')).toThrow(/EROFS/);
    const owner = execFileSync('stat', ['-c', '%u', join(mountpoint, 'file')], {
      timeout: 120_000,
    });
    expect(owner.toString()).toBe('1234\n');
  });

  test('a missing source: exit 2, a sentence with a hint, nothing mounted', () => {
    const run = scorpio('passthrough', join(dir, 'nothing'), mountpoint);
    expect(run.status).toBe(2);
    expect(run.stderr).toContain(`${join(dir, 'nothing')} does not exist`);
    expect(run.stderr).toContain('hint: ');
    expect(readFileSync('/proc/self/mounts', 'utf8')).not.toContain(mountpoint);
  });

  test('an unknown option and a mount point inside the source are refused', () => {
    const unknown = scorpio('passthrough', '-o', 'nonsense', source, mountpoint);
    expect(unknown.status).toBe(2);
    expect(unknown.stderr).toContain('unknown mount option nonsense');
    const nested = scorpio('passthrough', source, join(source, 'mnt'));
    expect(nested.status).toBe(2);
    expect(nested.stderr).toContain('lie inside each other');
  });
});
