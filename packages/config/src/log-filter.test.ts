import { describe, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { LEVELS } from './levels.js';
import { levelFor, parseLogFilter, suspiciousWord } from './log-filter.js';

interface Case {
  filter: string;
  shown: 'info' | 'warn' | 'none';
  stderrFirst?: string;
}

const { filters } = JSON.parse(
  readFileSync(new URL('../fixtures/log-filters.json', import.meta.url), 'utf8'),
) as { filters: Case[] };
/** We trim items (§3.2), treat a lone strange word as misspelt (K-21) and have no span selectors. */
const trimmed = [' info', 'info ', 'warn, scorpiofs=info'];
const selectors = (f: string) => /[[{]/.test(f);
const recorded = filters.filter(
  (c) => c.filter.trim() !== '' && !trimmed.includes(c.filter) && !selectors(c.filter),
);

/** What the probe of the fixture would show: the least of info and warn that passes for its target. */
function shown(filter: string): string {
  const read = parseLogFilter(filter);
  if ('reason' in read) return 'info';
  const level = LEVELS.indexOf(levelFor(read, 'scorpiofs::antares'));
  if (level >= LEVELS.indexOf('info')) return 'info';
  return level >= LEVELS.indexOf('warn') ? 'warn' : 'none';
}

describe('log filters', () => {
  test.each(recorded)('LOG-02, LOG-03: $filter', (c) => {
    expect(shown(c.filter)).toBe(c.shown);
  });

  test.each(recorded.filter((c) => c.stderrFirst !== undefined))(
    'LOG-04: $filter is invalid for the recorded reason',
    (c) => {
      const read = parseLogFilter(c.filter);
      if (!('reason' in read)) throw new Error('accepted');
      expect(c.stderrFirst).toContain(`(${read.reason})`);
    },
  );

  test.each(trimmed)('blanks around an item do not count: "%s"', (filter) => {
    expect(shown(filter)).toBe('info');
    expect(suspiciousWord(filter)).toBeUndefined();
  });

  test.each(filters.filter((c) => selectors(c.filter)))(
    'span selectors are refused: $filter',
    ({ filter }) => {
      expect(parseLogFilter(filter)).toHaveProperty('reason');
    },
  );

  test.each(['verbose', 'inof', '6', 'foo]', 'a b', 'info;debug', ' sled '])(
    'LOG-07: "%s" alone is suspicious',
    (word) => {
      expect(suspiciousWord(word)).toBe(word.trim());
    },
  );

  test.each(['info', 'scorpio', 'scorpiofs::antares', 'rfuse3', 'sled=trace', 'verbose,info', ','])(
    'LOG-07: "%s" is not',
    (word) => {
      expect(suspiciousWord(word)).toBeUndefined();
    },
  );
});
