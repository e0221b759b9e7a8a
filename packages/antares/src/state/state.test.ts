import {
  mkdtempSync,
  symlinkSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  watch,
  writeFileSync,
} from 'node:fs';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { isAlive, thisProcess } from '../owner.js';
import { readState } from './read-state.js';
import type { JobRecord } from './record.js';
import { StateFile } from './state-file.js';
import { stateText } from './write-state.js';

const fixture = (name: string): string =>
  readFileSync(new URL(`../../fixtures/${name}`, import.meta.url), 'utf8')
    .replaceAll('$D', '/d')
    .replace(/\$ID(\d+)/g, (_all, n: string) => `00000000-0000-4000-8000-${n.padStart(12, '0')}`)
    .replace(/"?\$MS"?/g, '1788000000123');

const record: JobRecord = {
  mountId: '6317c26d-2353-422f-9a8e-52667c1aad2c',
  jobId: 'odd "quoted" \\ \n \x7f ü',
  path: '/a b',
  cl: 'K7QZ2MPA',
  mountpoint: '/d/mnt/x',
  upperDir: '/d/up/x',
  clDir: '/d/cl/x',
  createdMs: 1_788_000_000_123,
  revision: 'a'.repeat(40),
  clPath: '/a',
  form: 'oci',
  uid: 1000,
  gid: 100,
  owner: { pid: 1, start: '7' },
};

describe('the text', () => {
  test('S-04, W-28: both old shapes are read', () => {
    const cli = readState(fixture('antares-state-cli.toml'), 'f');
    expect(cli.map((r) => [r.mountId, r.jobId, r.path, r.clDir])).toEqual([
      ['11111111-1111-4111-8111-111111111111', 'zeta', '/', undefined],
      [
        '22222222-2222-4222-8222-222222222222',
        'alpha',
        '/',
        '/d/a/cl/33333333-3333-4333-8333-333333333333',
      ],
    ]);
    const http = readState(fixture('antares-state-http.toml'), 'f');
    expect(http.map((r) => [r.jobId, r.path, r.createdMs])).toEqual([
      ['j2', '/', 1795394446478],
      ['j1', '/x', 1795394436422],
    ]);
    expect(readState(fixture('state-daemon.toml'), 'f').length).toBeGreaterThan(0);
    expect(readState('mounts = []\n', 'f')).toEqual([]);
  });

  test('S-01: what is written is read again; members of 0.2.x first and in their order, absent ones left out', () => {
    expect(readState(stateText([record]), 'f')).toEqual([record]);
    expect(readState(stateText([]), 'f')).toEqual([]);
    const bare = {
      ...record,
      jobId: undefined,
      cl: undefined,
      clDir: undefined,
      clPath: undefined,
    };
    const names = [...stateText([bare]).matchAll(/^(\w+) = /gm)].map(([, name]) => name);
    expect(names.slice(0, 6)).toEqual([
      'version',
      'mount_id',
      'path',
      'mountpoint',
      'upper_dir',
      'created_at_epoch_ms',
    ]);
  });

  test.each([
    ['cut', '[[mounts]]\nmount_id = "6317'],
    ['from the future', 'version = 2\nmounts = []\n'],
    ['no list', 'mounts = 3\n'],
    ['no id', '[[mounts]]\nmountpoint = "/m"\nupper_dir = "/u"\n'],
    ['an id that climbs', '[[mounts]]\nmount_id = "../x"\nmountpoint = "/m"\nupper_dir = "/u"\n'],
    ['a path that climbs', stateText([{ ...record, upperDir: '/d/../etc' }])],
  ])('W-28, W-29, D14: a file that is %s is refused with a hint', (_what, text) => {
    expect(() => readState(text, 'f')).toThrow(
      expect.objectContaining({ code: 'STATE_FILE', hint: expect.stringContaining('Nothing') }),
    );
  });
});

describe('the file', () => {
  let dir = '';
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'scorpio-state-'));
  });
  afterEach(() => rmSync(dir, { recursive: true }));

  test('S-03, W-60: written aside and renamed, mode 0600; nothing stays beside it but the lock', async () => {
    const file = new StateFile(join(dir, 'state.toml'));
    await file.save([record]);
    expect(readdirSync(dir).sort()).toEqual(['state.toml', 'state.toml.lock']);
    expect(statSync(file.path).mode & 0o777).toBe(0o600);
    expect((await file.read())[0]?.owner).toEqual(thisProcess());
  });

  test('CFG-26: what lies at the name to write aside is neither written through nor kept', async () => {
    const victim = join(dir, 'victim');
    writeFileSync(victim, 'mine');
    symlinkSync(victim, join(dir, 'state.toml.new'));
    const file = new StateFile(join(dir, 'state.toml'));
    await file.save([record]);
    expect(readFileSync(victim, 'utf8')).toBe('mine');
    expect(readdirSync(dir).sort()).toEqual(['state.toml', 'state.toml.lock', 'victim']);
    expect(await file.read()).toHaveLength(1);
  });

  const root = process.getuid?.() === 0 ? test : test.skip;
  root(
    'CFG-26, CFG-27: a full disk leaves what was there, and nothing beside it (needs root)',
    async () => {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=12k', 'none', dir]);
      try {
        const file = new StateFile(join(dir, 'state.toml'));
        await file.save([record]);
        const before = readFileSync(file.path, 'utf8');
        const many = Array.from({ length: 100 }, (_, i) => ({ ...record, mountId: `${i}` }));
        await expect(file.save(many)).rejects.toThrow('ENOSPC');
        expect(readFileSync(file.path, 'utf8')).toBe(before);
        expect(readdirSync(dir).sort()).toEqual(['state.toml', 'state.toml.lock']);
      } finally {
        execFileSync('umount', [dir]);
      }
    },
  );

  test('D13: records of a living owner are left alone, those of one that has gone are taken over', async () => {
    const child = spawn('sleep', ['100']);
    await once(child, 'spawn');
    const stat = readFileSync(`/proc/${child.pid}/stat`, 'latin1');
    const start = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
    const owner = { pid: child.pid ?? 0, start };
    const other = { ...record, mountId: '7317c26d-2353-422f-9a8e-52667c1aad2c', owner };
    const path = join(dir, 'state.toml');
    writeFileSync(path, stateText([record, other]));
    const file = new StateFile(path);
    expect((await file.adopt()).map((r) => r.mountId)).toEqual([record.mountId]);
    await file.save([]);
    expect((await file.read()).map((r) => r.mountId)).toEqual([other.mountId]);
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(isAlive(owner)).toBe(false);
    expect((await file.adopt()).map((r) => r.mountId)).toEqual([other.mountId]);
  });

  test('issue 5, speed: saves at once are few writes, and the file has what was asked for last', async () => {
    const path = join(dir, 'state.toml');
    const file = new StateFile(path);
    const other = new StateFile(path);
    const id = (i: number) => record.mountId.replace(/..$/, String(10 + i));
    const first = Array.from({ length: 50 }, (_, i) => ({ ...record, mountId: id(i) }));
    let writes = 0;
    const watcher = watch(dir, (_event, name) => {
      if (name === 'state.toml') writes += 1;
    });
    await Promise.all(first.map((_, i) => file.save(first.slice(0, i + 1))));
    await new Promise((r) => setTimeout(r, 50));
    watcher.close();
    expect(writes).toBeLessThan(10);
    expect((await file.read()).map((r) => r.mountId)).toEqual(first.map((r) => r.mountId));
    // What somebody else has written meanwhile is seen.
    await other.remove(id(7));
    expect(await file.read()).toHaveLength(49);
    await file.save(first.slice(0, 3));
    expect(await other.read()).toHaveLength(3);
  });

  test('W-29: twenty writers at once lose nothing', async () => {
    const files = Array.from({ length: 4 }, () => new StateFile(join(dir, 'state.toml')));
    await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        (files[i % 4] ?? new StateFile(join(dir, 'state.toml'))).save([
          { ...record, jobId: `j${i}` },
        ]),
      ),
    );
    expect(await new StateFile(join(dir, 'state.toml')).read()).toHaveLength(1);
  });
});
