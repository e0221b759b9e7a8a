import { existsSync, readdirSync, statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { blob, entry, holds, Scratch } from './testing/scratch.js';
import { SMALL } from './store.js';

const KB = 1024;

function bytesIn(directory: string): number {
  let bytes = 0;
  for (const name of readdirSync(directory, { recursive: true, encoding: 'utf8' })) {
    const stat = statSync(join(directory, name));
    // What the database reserves behind its end is not in the quota.
    if (stat.isFile()) bytes += Math.min(stat.blocks * 512, stat.size);
  }
  return bytes;
}

describe('quota', () => {
  test('fs: D-28, W-16: the store stays within it, whatever is put in, and goes on working', async () => {
    await using scratch = new Scratch();
    const quotaBytes = 8 * 1024 * KB;
    const store = await scratch.store({ quotaBytes });
    for (let i = 0; i < 400; i++) {
      const one = blob(i % 10 === 0 ? 300 * KB : 40 * KB, i);
      await store.addContent(one.oid, one.data);
      expect(holds(store, one)).toBe(true);
      if (i % 20 === 0) expect(bytesIn(scratch.layout.root)).toBeLessThan(quotaBytes * 1.25);
    }
    await store.upkeep();
    expect(store.counters.evictions).toBeGreaterThan(0);
    expect(bytesIn(scratch.layout.root)).toBeLessThan(quotaBytes * 1.01);
    // What came last is still there.
    expect(holds(store, blob(40 * KB, 399))).toBe(true);
    expect((await store.fsck()).problems).toBe(0);
  });

  test('what was used longest ago goes first; use counts without a write for a read', async () => {
    await using scratch = new Scratch();
    const all = [1, 2, 3, 4].map((seed) => blob(1024 * KB, seed));
    {
      const store = await scratch.store();
      for (const { oid, data } of all) await store.addContent(oid, data);
      await store.close();
    }
    all.forEach(({ oid }, i) => utimesSync(scratch.layout.file(oid), 1000 + i, 1000 + i));
    const store = await scratch.store({ quotaBytes: 3 * 1024 * KB });
    expect(holds(store, all[0]!)).toBe(true);
    expect(statSync(scratch.layout.file(all[0]!.oid)).mtimeMs).toBe(1_000_000);
    await store.upkeep();
    expect(all.map(({ oid }) => store.hasContent(oid))).toEqual([true, false, false, true]);
  });

  test('a lease keeps its content, in a segment and in a file of its own', async () => {
    await using scratch = new Scratch();
    const store = await scratch.store({ quotaBytes: SMALL * 8 });
    const small = blob(SMALL - 100, 1);
    const large = blob(SMALL * 2, 2);
    for (const { oid, data } of [small, large]) await store.addContent(oid, data);
    const leases = [store.openBlob(small.oid), store.openBlob(large.oid)];
    for (let i = 10; i < 40; i++) {
      const one = blob(SMALL - 100, i);
      await store.addContent(one.oid, one.data);
    }
    await store.upkeep();
    expect(holds(store, small)).toBe(true);
    expect(holds(store, large)).toBe(true);
    for (const lease of leases) lease?.[Symbol.dispose]();
    for (let i = 40; i < 60; i++) {
      const one = blob(SMALL - 100, i);
      await store.addContent(one.oid, one.data);
    }
    // Unless they went already.
    for (const path of [scratch.layout.file(large.oid), scratch.layout.segment(1)])
      if (existsSync(path)) utimesSync(path, 1000, 1000);
    await store.upkeep();
    expect(store.hasContent(small.oid)).toBe(false);
    expect(store.hasContent(large.oid)).toBe(false);
  });

  test('C07: sizes stay when the content goes, and so do trees and facts', async () => {
    await using scratch = new Scratch();
    const store = await scratch.store({ quotaBytes: 1 });
    const all = [blob(SMALL, 1), blob(SMALL * 2, 2)];
    for (const { oid, data } of all) await store.addContent(oid, data);
    store.putTree(all[0]!.oid, [entry('a', all[0]!.oid)], false);
    store.putFact('f', Buffer.from('1'));
    await store.upkeep();
    await store.close();
    const again = await scratch.store({ quotaBytes: 1 });
    await again.upkeep();
    for (const one of all) {
      expect(again.hasContent(one.oid)).toBe(false);
      expect(again.size(one.oid)).toBe(one.data.length);
    }
    expect(again.tree(all[0]!.oid)).toBeDefined();
    expect(again.fact('f')).toBeDefined();
    await again.addContent(all[0]!.oid, all[0]!.data);
    expect(holds(again, all[0]!)).toBe(true);
  });

  test.each([{}, { quotaBytes: 0 }])('no quota (%j), no eviction', async (options) => {
    await using scratch = new Scratch();
    const store = await scratch.store(options);
    const one = blob(SMALL * 2, 1);
    await store.addContent(one.oid, one.data);
    await store.upkeep();
    expect(store.counters.evictions).toBe(0);
    expect(holds(store, one)).toBe(true);
  });
});
