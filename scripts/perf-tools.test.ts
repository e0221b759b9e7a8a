import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from '@jest/globals';

const script = (name: string) => fileURLToPath(new URL(`${name}.mjs`, import.meta.url));
const run = (name: string, ...words: string[]) =>
  spawnSync(process.execPath, [script(name), ...words], { encoding: 'utf8' });

let dir = '';
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'scorpio-perf-'));
});
afterAll(() => rmSync(dir, { recursive: true }));

const filesIn = (at: string): string[] =>
  readdirSync(at, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.bin'))
    .sort();

test('PERF-01: the small data set has the names, places and sizes of 0.2.x', () => {
  const at = join(dir, 'small');
  expect(run('data-set', 'small', at).stdout).toBe(`10 files, 10240 KiB in ${at}\n`);
  expect(filesIn(at).slice(0, 5)).toEqual([
    '1/2/1M_1_2.bin',
    '1/2/3/1M_1_3.bin',
    '1/2/3/4/1M_1_4.bin',
    '1/2/3/4/5/1M_1_5.bin',
    '1/2/3/4/5/6/1M_1_6.bin',
  ]);
  expect(statSync(join(at, '2/2/3/1M_2_3.bin')).size).toBe(1024 * 1024);
});

test('PERF-01, PERF-02: 1000 files of 48,000 KiB, which the read benchmark finds, stats and reads', () => {
  const at = join(dir, 'thousand');
  expect(run('data-set', 'thousand', at).stdout).toBe(`1000 files, 48000 KiB in ${at}\n`);
  const files = filesIn(at);
  expect(files).toHaveLength(1000);
  expect(files).toContain('2/2/3/4/5/40K_2_5_150.bin');
  const said = run('read-perf', at);
  expect(said.status).toBe(0);
  expect(said.stdout).toMatch(
    /^files found: 1000\nlist time: .* s\nstat count: 1000\nstat time: .* files\/s\nread: 49\.15 MB\nread time: .* MB\/s\n$/,
  );
});

test('PERF-02: without a directory it is exit 2', () => {
  writeFileSync(join(dir, 'file'), '');
  for (const words of [[], [join(dir, 'file')], [join(dir, 'nowhere')], [dir, dir]])
    expect(run('read-perf', ...words).status).toBe(2);
  expect(run('data-set', 'other', dir).status).toBe(2);
});

const loops = process.getuid?.() === 0 && existsSync('/dev/loop-control');
(loops ? test : test.skip)(
  'PERF-05: the benchmark of concurrent work runs, random reads and random writes apart (needs root and loop devices)',
  () => {
    // Not the first reads: they drop the caches of the whole machine, on which other tests rely.
    const works = ['random reads of 4 KiB, warm', 'random writes of 4 KiB'];
    const asked = ['subjects=ext4', 'workers=2', `only=${works.join(';')}`];
    const said = run('bench/concurrent', '1', ...asked);
    expect(said.stderr).toBe('');
    for (const work of works)
      expect(said.stdout).toMatch(new RegExp(`^\\| ${work}; 2 \\| [\\d,]+ \\|$`, 'm'));
  },
);
