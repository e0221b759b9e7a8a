import { expect, test } from '@jest/globals';

import { Lane } from './lane.js';

test('never more at once than its width, in order, also after a failure', async () => {
  const lane = new Lane(2);
  let running = 0;
  let most = 0;
  const order: number[] = [];
  const work = (i: number) => async () => {
    running += 1;
    most = Math.max(most, running);
    await Promise.resolve();
    running -= 1;
    order.push(i);
    if (i === 1) throw new Error('failed');
  };
  const all = await Promise.allSettled([0, 1, 2, 3, 4].map((i) => lane.run(work(i))));
  expect(all.map((each) => each.status === 'rejected')).toEqual([false, true, false, false, false]);
  expect([most, order]).toEqual([2, [0, 1, 2, 3, 4]]);
});
