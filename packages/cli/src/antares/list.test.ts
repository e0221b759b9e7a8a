import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { antaresProgram, scorpioProgram } from '../programs.js';
import { runProgram } from '../run-program.js';
import { Recorder } from '../testing/recorder.js';
import { checkJobId } from './job-id.js';

const fixture = (name: string): string =>
  readFileSync(new URL(`../../fixtures/${name}`, import.meta.url), 'utf8');

let dir = '';
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'scorpio-list-'));
  const text = fixture('base-config.toml').replaceAll('$D', dir);
  writeFileSync(join(dir, 'ok.toml'), text);
});
afterEach(() => rmSync(dir, { recursive: true }));

async function list(state: string | undefined, ...more: string[]) {
  const file = join(dir, 'state.toml');
  rmSync(file, { force: true });
  if (state !== undefined) writeFileSync(file, state.replaceAll('$D', dir));
  const flags = ['--config-path', join(dir, 'ok.toml'), '--state-file', file];
  const said = [];
  for (const program of [scorpioProgram(), antaresProgram()]) {
    const output = new Recorder();
    const code = await runProgram(program, [...flags, 'list', ...more], { env: {}, output });
    said.push({ code, out: output.stdout.replaceAll(dir, '$D') });
  }
  // CLI-18
  expect(said[0]).toEqual(said[1]);
  return said[0];
}

test('CLI-06, CLI-18, S-04: the recorded lines for the command line’s records, sorted; none', async () => {
  const [none = '', lines = ''] = fixture('list.txt').split('---\n');
  expect(await list(undefined)).toEqual({ code: 0, out: none });
  expect(await list('mounts = []\n')).toEqual({ code: 0, out: none });
  expect(await list(fixture('antares-state-cli.toml'))).toEqual({ code: 0, out: lines });
});

test('CFG-28, K-07, W-28: the daemon’s records are listed too', async () => {
  const said = await list(fixture('antares-state-http.toml'));
  expect(said?.out).toMatch(/^job_id=j1 .*\njob_id=j2 .*\n$/);
  const json = await list(fixture('antares-state-http.toml'), '--json');
  expect(JSON.parse(json?.out ?? '')).toMatchObject([{ job_id: 'j1', path: '/x' }, { path: '/' }]);
});

test('CFG-29, W-28, D14: a state file that does not parse, or is newer, is said and left alone', async () => {
  for (const text of ['garbage', 'version = 99\n', '[[mounts]]\njob_id = "x"\n']) {
    expect((await list(text))?.code).toBe(2);
    expect(readFileSync(join(dir, 'state.toml'), 'utf8')).toBe(text);
  }
});

test.each(['', '.', '..', 'a/b', '/x', '../x', 'a\nb', ' x', '.trash', 'x'.repeat(256)])(
  'CLI-12, K-15, W-66: the job id %j is refused',
  (id) => {
    expect(() => checkJobId(id)).toThrow(/^failed to mount job/);
  },
);
