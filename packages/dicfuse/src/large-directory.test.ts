import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import { Store } from '@scorpiofs/store';
import { Fixture } from './testing/fixture.js';
import { Kernel } from './testing/kernel.js';
import type { Files } from './testing/repository.js';
import { unreachable } from './testing/watched-source.js';

const COUNT = 20_000;
/** Entries that one turn of the event loop may read: some ms. */
const MOST_IN_A_TURN = 5_000;
const FILES: Files = Object.fromEntries(
  Array.from({ length: COUNT }, (_, i) => [`large/file-${i}`, 'same\n']),
);

/** Turns of the event loop that others got while `work` was done. */
async function turnsOf(work: Promise<unknown>): Promise<number> {
  let [turns, done] = [0, false];
  void work.finally(() => (done = true)).catch(() => undefined);
  while (!done) {
    await nextTurn();
    turns += 1;
  }
  await work;
  return turns;
}

test('D13: a large directory is read in many turns, from the source and from the store, once for all who want it', async () => {
  const path = await mkdtemp(join(tmpdir(), 'scorpio-dicfuse-large-'));
  try {
    await using fixture = await Fixture.start([FILES]);
    {
      await using store = await Store.open(path);
      const { view } = await fixture.view({ store });
      const kernel = new Kernel(view.fileSystem);
      const node = await kernel.node('/large');
      expect((await kernel.list(node)).size).toBe(COUNT);
      expect((await kernel.lookup(node, 'file-19999'))?.attr.size).toBe(5);
      await view.close();
    }
    await using store = await Store.open(path);
    fixture.source.failure = unreachable();
    const { view } = await fixture.view({ store });
    const kernel = new Kernel(view.fileSystem);
    const node = await kernel.node('/large');
    // Nothing but the store is asked, so every turn is one that the reading has given away.
    const looks = Array.from({ length: 20 }, (_, i) => kernel.lookup(node, `file-${i * 1000}`));
    expect(await turnsOf(Promise.all(looks))).toBeGreaterThanOrEqual(COUNT / MOST_IN_A_TURN);
    expect((await Promise.all(looks)).map((entry) => entry?.attr.size)).toEqual(looks.map(() => 5));
    expect(await kernel.lookup(node, 'file-20000')).toBeUndefined();
    expect(store.counters.hits).toBeLessThan(10);
  } finally {
    await rm(path, { recursive: true, force: true });
  }
});
