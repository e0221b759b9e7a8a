import { describe, expect, test } from '@jest/globals';
import { SourceError, type BlobStream, type Oid, type Source } from '@scorpiofs/objects';
import { blob, inChunks, Scratch, type Blob } from '../testing/scratch.js';
import { SMALL } from '../store.js';
import { DiskTier } from './disk-tier.js';
import { MemoryTier } from './memory-tier.js';
import type { Tier } from './tier.js';
import { TieredContents } from './tiered-contents.js';

/** A server that counts what it is asked. */
function serverOf(...blobs: Blob[]): Pick<Source, 'blob'> & { asked: Oid[] } {
  const asked: Oid[] = [];
  return {
    asked,
    blob: async (oid): Promise<BlobStream> => {
      asked.push(oid);
      await new Promise((resolve) => setTimeout(resolve, 10));
      const found = blobs.find((one) => one.oid === oid);
      if (found === undefined) throw new SourceError('missing', 'no such object');
      return Object.assign(inChunks(found.data, 50_000), { size: found.data.length });
    },
  };
}

/** Something shared by many machines, which checks nothing. */
class SharedTier implements Tier {
  readonly name = 'shared';
  readonly verifies = false;
  readonly held = new Map<Oid, Uint8Array>();
  down = false;

  has(oid: Oid): boolean {
    return this.held.has(oid);
  }
  get(oid: Oid): Promise<Uint8Array | undefined> {
    return this.down ? Promise.reject(new Error('down')) : Promise.resolve(this.held.get(oid));
  }
  put(oid: Oid, data: Uint8Array): void {
    if (this.down) throw new Error('down');
    this.held.set(oid, data);
  }
}

const same = (a: Uint8Array, b: Buffer): boolean => b.equals(a);

describe('tiers (D12)', () => {
  test.each([10, SMALL * 3])(
    '%d bytes: from the source once, then from each tier in its turn',
    async (size) => {
      await using scratch = new Scratch();
      const store = await scratch.store();
      const one = blob(size, 1);
      const server = serverOf(one);
      const shared = new SharedTier();
      const memory = new MemoryTier(1e6);
      const tiers = new TieredContents([memory, new DiskTier(store), shared], server);
      expect(await tiers.has(one.oid)).toBe(false);
      const all = await Promise.all([1, 2, 3, 4, 5].map(() => tiers.get(one.oid)));
      for (const data of all) expect(same(data, one.data)).toBe(true);
      expect(server.asked).toEqual([one.oid]);
      expect(await tiers.has(one.oid)).toBe(true);
      expect([memory.has(one.oid), store.hasContent(one.oid), shared.has(one.oid)]).toEqual([
        true,
        true,
        true,
      ]);
      await new TieredContents([new MemoryTier(1e6), new DiskTier(store)]).get(one.oid);
      // Another machine.
      const cold = new MemoryTier(1e6);
      const other = new TieredContents([cold, shared], server);
      expect(same(await other.get(one.oid), one.data)).toBe(true);
      expect(cold.has(one.oid)).toBe(true);
      expect(server.asked).toHaveLength(1);
      expect(other.counters.get('shared')).toMatchObject({ hits: 1, refused: 0 });
    },
  );

  test('C04, D12: what a tier or the source has under a wrong id is refused at the border', async () => {
    const one = blob(100, 1);
    const shared = new SharedTier();
    shared.held.set(one.oid, Buffer.from('poison'));
    const memory = new MemoryTier(1e6);
    const tiers = new TieredContents([memory, shared], serverOf(one));
    expect(same(await tiers.get(one.oid), one.data)).toBe(true);
    expect(tiers.counters.get('shared')).toMatchObject({ refused: 1, misses: 1 });
    // And the right one took its place.
    expect(same(shared.held.get(one.oid) ?? Buffer.alloc(0), one.data)).toBe(true);
    const lying = serverOf({ oid: one.oid, data: Buffer.from('lie') });
    const fresh = new MemoryTier(1e6);
    await expect(new TieredContents([fresh], lying).get(one.oid)).rejects.toMatchObject({
      kind: 'broken',
    });
    expect(fresh.has(one.oid)).toBe(false);
  });

  test('a tier that fails is passed over; what nobody has is never empty', async () => {
    const one = blob(100, 1);
    const shared = new SharedTier();
    shared.down = true;
    const tiers = new TieredContents([shared], serverOf(one));
    expect(same(await tiers.get(one.oid), one.data)).toBe(true);
    expect(tiers.counters.get('shared')).toMatchObject({ failures: 2 });
    await expect(tiers.get(blob(5, 5).oid)).rejects.toMatchObject({ kind: 'missing' });
    const offline = new TieredContents([new MemoryTier(100)]);
    await expect(offline.get(one.oid)).rejects.toMatchObject({ kind: 'unreachable' });
  });

  test('who waits can leave; the others get it; when all have left the source is told', async () => {
    const one = blob(100, 1);
    let told: AbortSignal | undefined;
    let finish = (): void => {};
    const source: Pick<Source, 'blob'> = {
      blob: async (_oid, options) => {
        told = options?.signal;
        await new Promise<void>((resolve) => (finish = resolve));
        return inChunks(one.data, 50);
      },
    };
    const tiers = new TieredContents([new MemoryTier(1e6)], source);
    const first = new AbortController();
    const leaving = tiers.get(one.oid, { signal: first.signal });
    const staying = tiers.get(one.oid);
    await new Promise((resolve) => setTimeout(resolve, 5));
    first.abort(new Error('left'));
    await expect(leaving).rejects.toThrow('left');
    expect(told?.aborted).toBe(false);
    finish();
    expect(same(await staying, one.data)).toBe(true);

    const last = new AbortController();
    const cold = new TieredContents([], source);
    const alone = cold.get(one.oid, { signal: last.signal });
    await new Promise((resolve) => setTimeout(resolve, 5));
    last.abort(new Error('left'));
    await expect(alone).rejects.toThrow('left');
    expect(told?.aborted).toBe(true);
    finish();
  });

  test('fs: D-28: memory stays within its bytes and keeps what was used last', () => {
    const memory = new MemoryTier(10_000);
    const blobs = Array.from({ length: 50 }, (_, i) => blob(1000, i));
    for (const { oid, data } of blobs) {
      memory.put(oid, data);
      memory.get(blobs[0]!.oid);
      expect(memory.bytes).toBeLessThanOrEqual(10_000);
    }
    expect(memory.has(blobs[0]!.oid)).toBe(true);
    expect(memory.has(blobs[1]!.oid)).toBe(false);
    memory.put(blob(20_000, 1).oid, blob(20_000, 1).data);
    expect(memory.has(blob(20_000, 1).oid)).toBe(false);
  });
});
