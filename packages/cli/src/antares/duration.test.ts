import { expect, test } from '@jest/globals';
import { antaresProgram, scorpioProgram } from '../programs.js';
import { runProgram } from '../run-program.js';
import { Recorder } from '../testing/recorder.js';
import { parseDuration, roughly } from './duration.js';

test.each([
  ['0s', 0],
  ['90s', 90_000],
  ['15m', 900_000],
  ['12h', 43_200_000],
  ['7d', 604_800_000],
  ['2w', 1_209_600_000],
  ['1h30m', 5_400_000],
])('%s is %d ms', (text, ms) => {
  expect(parseDuration(text)).toBe(ms);
});

test.each(['', '1', 'h', '1.5h', '-1h', '1h ', '1y', '1H', '1h5', 'x', `${'9'.repeat(400)}s`])(
  'CLI-02: %j is no duration: exit code 2 before anything is looked at, by both programs',
  async (text) => {
    expect(parseDuration(text)).toBeUndefined();
    for (const program of [scorpioProgram(), antaresProgram()]) {
      const output = new Recorder();
      const argv = ['prune', '--yes', `--older-than=${text}`];
      const env = { SCORPIO_CONFIG: '/nonexistent' };
      expect(await runProgram(program, argv, { env, output })).toBe(2);
      expect(output.stdout).toBe('');
      expect(output.stderr).toContain(`'--older-than <DURATION>'`);
    }
  },
);

test.each([
  [-5, '0 s'],
  [0, '0 s'],
  [59_999, '59 s'],
  [60_000, '1 m'],
  [7_199_999, '1 h'],
  [86_400_000 * 30, '30 d'],
])('%d ms are %s for people', (ms, text) => {
  expect(roughly(ms)).toBe(text);
});
