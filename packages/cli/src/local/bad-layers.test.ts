import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { canMount } from '@scorpiofs/fuse/testing';

const BIN = fileURLToPath(new URL('../../../../apps/scorpio/bin/scorpio.js', import.meta.url));

let dir = '';
let paths: Readonly<Record<'lower' | 'upper' | 'mnt' | 'work', string>>;

beforeEach(() => {
  dir = fs.mkdtempSync(path.join(os.tmpdir(), 'scorpio-layers-'));
  const made = ['lower', 'upper', 'mnt', 'work'].map((name) => {
    const folder = path.join(dir, name);
    fs.mkdirSync(path.join(folder, 'inside'), { recursive: true });
    return folder;
  });
  const [lower = '', upper = '', mnt = '', work = ''] = made;
  fs.rmdirSync(path.join(mnt, 'inside'));
  paths = { lower, upper, mnt, work };
});
afterEach(() => {
  // Nothing was mounted, and nothing changed.
  expect(fs.readFileSync('/proc/self/mounts', 'utf8')).not.toContain(dir);
  expect(fs.readdirSync(paths.lower)).toEqual(['inside']);
  expect(fs.readdirSync(paths.upper)).toEqual(['inside']);
  fs.rmSync(dir, { recursive: true });
});

const real = canMount() ? test : test.skip;

/** Issue 4, bad input: said before anything is mounted, with what to do. */
describe('scorpio overlay with layers that do not fit (issue 4; needs root and /dev/fuse)', () => {
  const refused = (lower: string, upper: string, work: string, mnt: string) => {
    const args = ['--lower', lower, '--upper', upper, '--work', work, mnt];
    const { status, stderr } = spawnSync(process.execPath, [BIN, 'overlay', ...args], {
      encoding: 'utf8',
      timeout: 120_000,
    });
    return { status, stderr };
  };
  const link = (to: string) => {
    const from = path.join(dir, `link-${path.basename(to)}`);
    fs.symlinkSync(to, from);
    return from;
  };

  real.each<[string, (p: typeof paths) => [string, string, string, string], RegExp]>([
    [
      'a lower inside the upper',
      (p) => [`${p.upper}/inside`, p.upper, p.work, p.mnt],
      /inside each other/,
    ],
    [
      'the upper inside a lower',
      (p) => [p.lower, `${p.lower}/inside`, p.work, p.mnt],
      /inside each other/,
    ],
    ['one directory for both', (p) => [p.upper, p.upper, p.work, p.mnt], /inside each other/],
    ['the same by a link', (p) => [link(p.upper), p.upper, p.work, p.mnt], /inside each other/],
    [
      'the work directory inside the upper',
      (p) => [p.lower, p.upper, `${p.upper}/inside`, p.mnt],
      /inside each other/,
    ],
    [
      'the work directory inside the upper, not there yet',
      (p) => [p.lower, p.upper, `${p.upper}/new`, p.mnt],
      /inside each other/,
    ],
    [
      'the mount point inside a lower',
      (p) => [p.lower, p.upper, p.work, `${p.lower}/inside`],
      /mount point .* inside each other/,
    ],
    [
      'the same by a link',
      (p) => [p.lower, p.upper, p.work, link(`${p.lower}/inside`)],
      /mount point .* inside each other/,
    ],
    [
      'a lower inside the mount point',
      (p) => [`${p.mnt}/x`, p.upper, p.work, p.mnt],
      /mount point .* inside each other/,
    ],
    [
      'a lower that is not there',
      (p) => [`${p.lower}/none`, p.upper, p.work, p.mnt],
      /does not exist/,
    ],
    ['the upper is a file', (p) => [p.lower, '/etc/passwd', p.work, p.mnt], /not a directory/],
  ])('%s', (_what, choose, says) => {
    const { status, stderr } = refused(...choose(paths));
    expect(stderr).toMatch(says);
    expect(stderr.split('\n').length).toBeGreaterThan(1);
    expect(status).toBe(2);
  });

  const inNamespace = ['-Urm', '--propagation', 'private'];
  const canUnshare =
    spawnSync('unshare', [...inNamespace, 'true'], { timeout: 120_000 }).status === 0;
  (canMount() && canUnshare ? test : test.skip)(
    'an upper without the right to the kernel form falls back and says so once (needs user namespaces)',
    () => {
      const { lower, upper, mnt, work } = paths;
      const script = `
        "$NODE" "$BIN" overlay --lower "$1" --upper "$2" --work "$3" "$4" 2>&1
        rmdir "$4/inside"; ls -A "$4"; umount "$4"`;
      fs.rmdirSync(path.join(upper, 'inside'));
      const { stdout, status } = spawnSync(
        'unshare',
        [...inNamespace, 'sh', '-ec', script, 'sh', lower, upper, work, mnt],
        {
          encoding: 'utf8',
          timeout: 120_000,
          env: { ...process.env, NODE: process.execPath, BIN },
        },
      );
      expect(stdout.split('\n').filter((line) => line !== '')).toEqual([
        expect.stringMatching(/^warning: trusted.*deletions are kept as \.wh\. files/),
      ]);
      expect(status).toBe(0);
      expect(fs.readdirSync(upper)).toEqual(['.wh.inside']);
      fs.rmSync(path.join(upper, '.wh.inside'));
      fs.mkdirSync(path.join(upper, 'inside'));
    },
  );

  real(
    'upper and work directory on different file systems; an upper that cannot be written',
    () => {
      const small = path.join(dir, 'small');
      fs.mkdirSync(small);
      const mount = (...options: string[]) =>
        execFileSync('mount', [...options, small], { timeout: 120_000 });
      mount('-t', 'tmpfs', 'none');
      try {
        for (const name of ['upper', 'work']) fs.mkdirSync(path.join(small, name));
        fs.writeFileSync(path.join(small, 'upper/kept'), 'kept');
        const other = refused(paths.lower, paths.upper, path.join(small, 'work'), paths.mnt);
        expect(other).toMatchObject({
          status: 2,
          stderr: expect.stringMatching(/different file systems/),
        });
        mount('-o', 'remount,ro');
        const [upper, work] = [path.join(small, 'upper'), path.join(small, 'work')];
        const readOnly = refused(paths.lower, upper, work, paths.mnt);
        expect(readOnly).toMatchObject({
          status: 2,
          stderr: expect.stringMatching(/EROFS[^]*mounted for writing/),
        });
        expect(fs.readdirSync(upper)).toEqual(['kept']);
      } finally {
        execFileSync('umount', [small], { timeout: 120_000 });
      }
    },
  );
});
