import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { hashObject } from '@scorpiofs/objects';
import { Child } from './testing/child.js';
import { holds, Scratch, type Blob } from './testing/scratch.js';
import { SMALL } from './store.js';

/** As the child makes them. */
function plain(size: number, seed: number): Blob {
  const data = Buffer.alloc(size, seed % 251);
  if (size >= 4) data.writeUInt32LE(seed, 0);
  return { data, oid: hashObject('blob', data) };
}

describe('several processes share one store', () => {
  test('what one puts the other reads, while both have it open', async () => {
    await using scratch = new Scratch();
    const store = await scratch.store();
    const wanted = [plain(100, 1), plain(SMALL + 9, 2)];
    expect(wanted.some(({ oid }) => store.hasContent(oid))).toBe(false);
    await using child = new Child(
      scratch.path,
      `for (const [size, seed] of [[100, 1], [${SMALL + 9}, 2]]) {
         const { oid, data } = blob(size, seed);
         await store.addContent(oid, data);
       }
       store.putFact('done', Buffer.from('yes'));
       await store.flushed(); say('done'); process.stdin.resume();`,
    );
    await child.said('done');
    for (const one of wanted) expect(holds(store, one)).toBe(true);
    expect(Buffer.from(store.fact('done') ?? []).toString()).toBe('yes');
  });

  test('two writers of the same contents at the same time: all whole, none wrong', async () => {
    await using scratch = new Scratch();
    const sizes = [1, 1000, SMALL, SMALL + 1, 400_000];
    const code = `
      await Promise.all(${JSON.stringify(sizes)}.flatMap((size) => [1, 2, 3].map(async (seed) => {
        const { oid, data } = blob(size, seed);
        await store.addContent(oid, data);
      })));
      await store.close();`;
    await using a = new Child(scratch.path, code);
    await using b = new Child(scratch.path, code);
    await Promise.all([a.ended(), b.ended()]);
    const store = await scratch.store();
    for (const size of sizes)
      for (const seed of [1, 2, 3]) expect(holds(store, plain(size, seed))).toBe(true);
    expect((await store.fsck()).problems).toBe(0);
  });

  test('two stores open in one process: one closed, the other goes on', async () => {
    await using scratch = new Scratch();
    const a = await scratch.store();
    const b = await scratch.store();
    const one = plain(500, 1);
    await a.addContent(one.oid, one.data);
    await a.flushed();
    expect(holds(b, one)).toBe(true);
    await a.close();
    expect(holds(b, one)).toBe(true);
    const two = plain(600, 2);
    await b.addContent(two.oid, two.data);
    expect(holds(b, two)).toBe(true);
  });

  test('killed while it writes: what can be read is right, what it left is cleaned up, the next goes on', async () => {
    await using scratch = new Scratch();
    await using child = new Child(
      scratch.path,
      `for (let i = 0; ; i++) {
         const small = blob(3000, i), large = blob(300000, i);
         await Promise.all([store.addContent(small.oid, small.data), store.addContent(large.oid, large.data)]);
         say('n' + i);
       }`,
    );
    await child.said('n5');
    await child.kill();
    const written = child.lines.length;
    const store = await scratch.store();
    await store.upkeep();
    expect(readdirSync(scratch.layout.temporary)).toEqual([]);
    expect(readdirSync(scratch.layout.owners)).toHaveLength(1);
    // The last rows may not have been committed; everything before them is there, and nothing is wrong.
    for (let i = 0; i < written - 2; i++) expect(holds(store, plain(300_000, i))).toBe(true);
    const report = await store.fsck();
    expect(report.problems).toBe(0);
    expect(report.small.checked).toBeGreaterThan(0);
    const next = plain(2000, 1000);
    await store.addContent(next.oid, next.data);
    expect(holds(store, next)).toBe(true);
    // It goes on in the dead one's segment instead of leaving a small one behind.
    expect(readdirSync(scratch.layout.segments)).toHaveLength(1);
  });

  test('what a living process writes aside is left alone', async () => {
    await using scratch = new Scratch();
    await using child = new Child(
      scratch.path,
      `async function* slow() { yield Buffer.alloc(200000); say('begun'); await new Promise(() => {}); }
       process.stdin.resume();
       await store.addContentStream('f'.repeat(40), slow(), 1000000);`,
    );
    await child.said('begun');
    const store = await scratch.store();
    const dead = join(scratch.layout.temporary, '0123456789abcdef-3');
    writeFileSync(dead, 'left by a crash');
    expect(readdirSync(scratch.layout.temporary)).toHaveLength(2);
    await store.upkeep();
    expect(readdirSync(scratch.layout.temporary)).toHaveLength(1);
    expect(existsSync(dead)).toBe(false);
    await child.kill();
    await store.upkeep();
    expect(readdirSync(scratch.layout.temporary)).toEqual([]);
  });

  test('another process evicts: an open reader reads on, a lease is kept, a newcomer does not find it', async () => {
    await using scratch = new Scratch();
    const store = await scratch.store();
    const [leased, read, other] = [1, 2, 3].map((seed) => plain(1_000_000, seed)) as [
      Blob,
      Blob,
      Blob,
    ];
    for (const one of [leased, read, other]) await store.addContent(one.oid, one.data);
    using lease = store.openBlob(leased.oid);
    expect(lease?.size).toBe(1_000_000);
    expect(holds(store, read)).toBe(true);
    await using child = new Child(
      scratch.path,
      `await store.upkeep(); say(String(store.counters.evictions)); await store.close();`,
      { quotaBytes: 1_000 },
    );
    await child.ended();
    expect(child.lines).toEqual(['2']);
    expect(existsSync(scratch.layout.file(leased.oid))).toBe(true);
    expect(existsSync(scratch.layout.file(read.oid))).toBe(false);
    expect(holds(store, leased)).toBe(true);
    expect(holds(store, read)).toBe(true);
    await store.upkeep();
    expect(store.hasContent(read.oid)).toBe(false);
  });
});
