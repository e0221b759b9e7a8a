import { describe, expect, test } from '@jest/globals';

import { Spin } from './spin.js';

/** Requests that come `gapMs` after the loop went to sleep. */
function wakeUps(spin: Spin, count: number, gapMs: number): void {
  for (let i = 0; i < count; i += 1) {
    spin.sleeping(i);
    spin.woken(i + gapMs);
  }
}

describe('polling before sleep (fuse-transport §1)', () => {
  test('starts when requests follow each other within its limit', () => {
    const spin = new Spin();
    expect(spin.pays).toBe(false);
    wakeUps(spin, 3, 0.05);
    expect(spin.pays).toBe(false);
    wakeUps(spin, 1, 0.05);
    expect(spin.pays).toBe(true);
  });

  test('never starts for requests that are far apart', () => {
    const spin = new Spin();
    wakeUps(spin, 100, 0.5);
    expect(spin.pays).toBe(false);
  });

  test('stops soon when nothing comes any more', () => {
    const spin = new Spin();
    wakeUps(spin, 100, 0.05);
    let polls = 0;
    while (spin.pays) {
      spin.polled(false);
      polls += 1;
    }
    expect(polls).toBeLessThanOrEqual(8);
  });
});
