import { expect, jest, test } from '@jest/globals';
import type { Fields } from '../log/log-line.js';
import type { Log } from '../log/logger.js';
import { fuseLog } from './fuse-log.js';

const quiet = (): void => undefined;

/** Lines of level error, as they would be written. */
function collecting() {
  const errors: [string, Fields | undefined][] = [];
  const log: Log = {
    enabled: () => false,
    error: (message, fields) => errors.push([message, fields]),
    warn: quiet,
    info: quiet,
    debug: quiet,
    trace: quiet,
  };
  return { errors, say: fuseLog({ for: () => log }).log };
}

test('issue 3, bad input: a read that failed for good is said, with the reason and what to do', () => {
  const { errors, say } = collecting();
  say?.('fuse.failed', { op: 'READ', errno: 28, reason: 'content 1: the store is full' });
  expect(errors).toEqual([
    [
      'fuse.failed',
      {
        op: 'READ',
        errno: 28,
        reason: 'content 1: the store is full',
        hint: expect.stringContaining('store_quota_bytes'),
      },
    ],
  ]);
});

test('a walk over what cannot be had does not fill the log: a few lines a second, the others counted', () => {
  const clock = jest.spyOn(Date, 'now').mockReturnValue(5_000_000);
  const { errors, say } = collecting();
  const flood = () => {
    for (let i = 0; i < 100; i++) say?.('fuse.failed', { op: 'READ', errno: 5, reason: 'cut off' });
  };
  flood();
  expect(errors).toHaveLength(3);
  clock.mockReturnValue(5_000_999);
  flood();
  expect(errors).toHaveLength(3);
  clock.mockReturnValue(5_001_000);
  say?.('fuse.failed', { op: 'READ', errno: 5, reason: 'cut off' });
  const counted = errors.reduce((n, [, fields]) => n + 1 + Number(fields?.['unsaid'] ?? 0), 0);
  expect([errors.length, counted]).toEqual([4, 201]);
  clock.mockRestore();
});
