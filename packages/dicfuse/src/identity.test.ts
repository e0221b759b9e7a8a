import { describe, expect, test } from '@jest/globals';
import { ROOT_NODE, type NodeId } from '@scorpiofs/fuse';
import { Fixture } from './testing/fixture.js';
import { Kernel } from './testing/kernel.js';
import { MemoryStore } from './testing/memory-store.js';
import type { Files } from './testing/repository.js';

const FILES: Files = {
  'a/1': 'one\n',
  'a/sub/deep/4': 'four\n',
  'b/5': 'five\n',
  vendor: { mode: '160000', data: '1234567890123456789012345678901234567890' },
};

/** Node and time of every path. */
async function nodes(kernel: Kernel): Promise<Map<string, [number, bigint]>> {
  const found = new Map<string, [number, bigint]>();
  for (const path of await kernel.walk('/')) {
    const entry = await kernel.entry(path);
    if (entry === undefined) throw new Error(path);
    expect(entry.attr.ino).toBe(BigInt(entry.node));
    found.set(path, [entry.node, entry.attr.mtimeNs]);
  }
  return found;
}

describe('node numbers', () => {
  test('fs: D-01 (as D11 has it), D5: unique, and the same after a restart, times too', async () => {
    await using fixture = await Fixture.start([FILES]);
    const first = await fixture.view();
    const before = await nodes(new Kernel(first.view.fileSystem));
    expect(new Set([...before.values()].map(([node]) => node)).size).toBe(before.size);
    expect([...before.values()].every(([node]) => node > 1 && node < 2 ** 53)).toBe(true);
    await first.view.close();
    const second = await fixture.view();
    expect(await nodes(new Kernel(second.view.fileSystem))).toEqual(before);
  });

  test('fuse-transport §8: LOOKUP "." finds every node after a restart, ".." the one above', async () => {
    await using fixture = await Fixture.start([FILES]);
    const first = await fixture.view();
    const before = await nodes(new Kernel(first.view.fileSystem));
    const generation = (await new Kernel(first.view.fileSystem).entry('/a'))?.generation;
    await first.view.close();
    for (const [path, [node]] of before) {
      // A new base each time: nothing is known but what is stored.
      const { view } = await fixture.view();
      const kernel = new Kernel(view.fileSystem);
      const found = await kernel.lookup(node as NodeId, '.');
      expect([path, found?.node, found?.generation]).toEqual([path, node, generation]);
      await view.close();
    }
    const { view } = await fixture.view();
    const kernel = new Kernel(view.fileSystem);
    const deep = before.get('/a/sub/deep')?.[0] as NodeId;
    expect((await kernel.lookup(deep, '..'))?.node).toBe(before.get('/a/sub')?.[0]);
    const a = before.get('/a')?.[0] as NodeId;
    expect((await kernel.lookup(a, '..'))?.node).toBe(ROOT_NODE);
    await expect(kernel.lookup(77_777 as NodeId, '.')).rejects.toMatchObject({ errno: 116 });
  });

  test('W-44: numbers whose rows a crash has lost are not used for something else', async () => {
    await using fixture = await Fixture.start([FILES]);
    const first = await fixture.view();
    const before = await nodes(new Kernel(first.view.fileSystem));
    await first.view.close();
    for (const key of fixture.store.facts.keys())
      if (/:[tbl]\d/.test(key)) fixture.store.facts.delete(key);
    const second = await fixture.view();
    const kernel = new Kernel(second.view.fileSystem);
    const again = [...(await nodes(kernel)).values()].map(([node]) => node);
    const old = new Set([...before.values()].map(([node]) => node));
    expect(again.filter((node) => old.has(node))).toEqual([]);
    for (const node of old)
      await expect(kernel.lookup(node as NodeId, '.')).rejects.toMatchObject({ errno: 116 });
  });

  test('a store that is new gives handles of the old one no meaning: another generation', async () => {
    await using fixture = await Fixture.start([FILES]);
    const generations = new Set<number | undefined>();
    for (let i = 0; i < 3; i++) {
      const { view } = await fixture.view({ store: new MemoryStore() });
      generations.add((await new Kernel(view.fileSystem).entry('/a'))?.generation);
    }
    expect(generations.size).toBe(3);
  });

  test('D13: listings that are let go are read again from the store, with the same numbers', async () => {
    const many: Files = Object.fromEntries(
      Array.from({ length: 200 }, (_, i) => [`d${i % 20}/f${i}`, `${i}\n`]),
    );
    await using fixture = await Fixture.start([many]);
    const { view } = await fixture.view({ maxLoadedEntries: 40 });
    const kernel = new Kernel(view.fileSystem);
    const before = await nodes(kernel);
    expect(view.stats().loadedEntries).toBeLessThanOrEqual(40);
    const calls = await fixture.callsOf(async () => {
      for (const [path, [node]] of before) {
        const { mode, ino } = await kernel.attr(node as NodeId);
        expect(ino).toBe(BigInt(node));
        if ((mode & 0o170000) === 0o100000)
          expect(String(await kernel.read(node as NodeId))).toBe(`${path.split('f')[1]}\n`);
      }
      expect(await nodes(kernel)).toEqual(before);
    });
    expect(calls).toBe(fixture.source.blobCalls.length);
  });

  test('Z-02: what the kernel forgets is let go', async () => {
    await using fixture = await Fixture.start([FILES]);
    const { view, client } = await fixture.view();
    for (const path of ['/a/1', '/a/sub/deep/4', '/b/5']) await client.stat(path);
    await client.list('/a/sub');
    expect(client.references).toBe(0);
    expect(view.stats().directories).toBe(1);
  });
});
