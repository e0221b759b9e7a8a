import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { ANTARES_VARIABLES, antaresNumber, antaresVariableProblems } from './antares-variables.js';
import { loadConfig } from './load.js';

const GRACE = 'ANTARES_CL_QUIESCE_GRACE_MS';
const said = (env: Record<string, string>) => antaresVariableProblems(env).map((p) => p.message);

describe('ANTARES_* (CFG-35)', () => {
  test.each([
    [undefined, 150],
    ['275', 275],
    [' 275 ', 275],
    ['50000', 3000],
    ['0', 0],
    ['-1', 150],
    ['', 150],
    ['soon', 150],
  ])('the grace %j counts as %d ms', (text, ms) => {
    expect(antaresNumber(GRACE, text === undefined ? {} : { [GRACE]: text })).toBe(ms);
  });

  test('limits on both sides', () => {
    const name = 'ANTARES_DEEP_PRELOAD_WORKERS';
    expect(['0', '7', '65'].map((n) => antaresNumber(name, { [name]: n }))).toEqual([1, 7, 64]);
  });

  test('what is no number or no mode is a warning with the default, and does not stop a start', () => {
    const env = { [GRACE]: '-1', ANTARES_DEEP_PRELOAD_MODE: 'much' };
    expect(said(env)).toEqual([
      `${GRACE} is '-1', which is no number: 150 is used`,
      "ANTARES_DEEP_PRELOAD_MODE is 'much': scan_only is used",
    ]);
    expect(loadConfig({ env }).warnings).toHaveLength(2);
    expect(said({ ANTARES_DEEP_PRELOAD_MODE: ' FULL ', [GRACE]: '9' })).toEqual([]);
  });

  test('a slip is said, a variable of somebody else is not', () => {
    expect(said({ ANTARES_UNMOUNT_GRACE_MSS: '1', ANTARES_HOME: '/x' })).toEqual([
      "Unknown variable ANTARES_UNMOUNT_GRACE_MSS; did you mean 'ANTARES_UNMOUNT_GRACE_MS'?",
    ]);
  });

  test('every one is in the documentation', () => {
    const text = readFileSync(new URL('../../../docs/configuration.md', import.meta.url), 'utf8');
    for (const name of ANTARES_VARIABLES) expect(text).toContain(`\`${name}\``);
  });
});
