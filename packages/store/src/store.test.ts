import { readdirSync, statSync, writeFileSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { EMPTY_BLOB, encodeTree, hashObject, type Oid } from '@scorpiofs/objects';
import { blob, entry, holds, inChunks, Scratch } from './testing/scratch.js';
import { SMALL } from './store.js';

const MB = 1024 * 1024;
const missing = 'f'.repeat(40) as Oid;

describe('contents', () => {
  test.each([0, 1, 4095, 4096, 131072, 131073, 3 * MB])(
    'fs: D-16: %d bytes come back as they were, before and after a restart',
    async (size) => {
      await using scratch = new Scratch();
      const one = blob(size, 1);
      {
        const store = await scratch.store();
        expect(store.hasContent(one.oid)).toBe(size === 0);
        await store.addContent(one.oid, one.data);
        expect(holds(store, one)).toBe(true);
        expect(store.size(one.oid)).toBe(size);
        await store.close();
      }
      const again = await scratch.store();
      expect(again.hasContent(one.oid)).toBe(true);
      expect(holds(again, one)).toBe(true);
      expect(again.size(one.oid)).toBe(size);
    },
  );

  test('fs: D-15: read from the middle, at the end and beyond it', async () => {
    await using scratch = new Scratch();
    const store = await scratch.store();
    for (const one of [blob(1000, 1), blob(SMALL + 1000, 2)]) {
      await store.addContent(one.oid, one.data);
      const into = Buffer.alloc(100);
      expect(store.readContent(one.oid, 500, into)).toBe(100);
      expect(into).toEqual(one.data.subarray(500, 600));
      expect(store.readContent(one.oid, one.data.length - 10, into)).toBe(10);
      expect(store.readContent(one.oid, one.data.length, into)).toBe(0);
      expect(store.readContent(one.oid, one.data.length + 5000, into)).toBe(0);
    }
  });

  test('what is not here is undefined, never empty (fs: D-22)', async () => {
    await using scratch = new Scratch();
    const store = await scratch.store();
    expect(store.readContent(missing, 0, Buffer.alloc(10))).toBeUndefined();
    expect(store.openBlob(missing)).toBeUndefined();
    expect(store.size(missing)).toBeUndefined();
    expect(store.tree(missing)).toBeUndefined();
    expect(store.counters.misses).toBe(2);
  });

  test('fs: D-17: the empty content is always here', async () => {
    await using scratch = new Scratch();
    const store = await scratch.store();
    expect(store.size(EMPTY_BLOB)).toBe(0);
    expect(store.readContent(EMPTY_BLOB, 0, Buffer.alloc(10))).toBe(0);
  });

  test.each([
    ['small', 500],
    ['large', SMALL + 500],
  ])(
    'C04, fs: D-22: a %s content that is not what its id says is refused, and nothing is kept',
    async (_kind, size) => {
      await using scratch = new Scratch();
      const store = await scratch.store();
      const one = blob(size, 1);
      const wrong = Buffer.from(one.data);
      wrong[wrong.length - 1] = (wrong.at(-1) ?? 0) ^ 1;
      const cut = one.data.subarray(0, -1);
      const broken = expect.objectContaining({ name: 'SourceError', kind: 'broken' });
      const nothing = Buffer.alloc(0);
      for (const bad of [wrong, cut, nothing, Buffer.concat([one.data, one.data])]) {
        await expect(store.addContent(one.oid, bad)).rejects.toEqual(broken);
        for (const told of [undefined, one.data.length, bad.length]) {
          await expect(store.addContentStream(one.oid, inChunks(bad, 5000), told)).rejects.toEqual(
            broken,
          );
        }
      }
      expect(store.hasContent(one.oid)).toBe(false);
      expect(store.counters.refused).toBe(16);
      expect(readdirSync(scratch.layout.temporary)).toEqual([]);
      await store.addContentStream(one.oid, inChunks(one.data, 5000), undefined);
      expect(holds(store, one)).toBe(true);
    },
  );

  test('a stream that fails in the middle rejects with its own error and leaves nothing', async () => {
    await using scratch = new Scratch();
    const store = await scratch.store();
    const one = blob(SMALL * 3, 1);
    async function* cutOff(): AsyncGenerator<Buffer> {
      yield* inChunks(one.data.subarray(0, SMALL * 2), 1000);
      throw new Error('connection reset');
    }
    for (const size of [undefined, one.data.length])
      await expect(store.addContentStream(one.oid, cutOff(), size)).rejects.toThrow('reset');
    expect(store.hasContent(one.oid)).toBe(false);
    expect(readdirSync(scratch.layout.temporary)).toEqual([]);
  });

  test('a stream longer than announced is ended at once, not read to its end', async () => {
    await using scratch = new Scratch();
    const store = await scratch.store();
    let ended = false;
    async function* endless(): AsyncGenerator<Buffer> {
      try {
        for (;;) yield Buffer.alloc(100_000);
      } finally {
        ended = true;
      }
    }
    await expect(store.addContentStream(missing, endless(), SMALL + 5)).rejects.toThrow('length');
    expect(ended).toBe(true);
  });

  test('large contents are files named by their id, small ones lie together', async () => {
    await using scratch = new Scratch();
    const store = await scratch.store();
    const large = blob(SMALL + 1, 1);
    const small = Array.from({ length: 100 }, (_, i) => blob(100 + i, i));
    await store.addContent(large.oid, large.data);
    await Promise.all(small.map(({ oid, data }) => store.addContent(oid, data)));
    const file = join(scratch.layout.files, large.oid.slice(0, 2), large.oid.slice(2));
    expect(readFileSync(file).equals(large.data)).toBe(true);
    expect(readdirSync(scratch.layout.segments)).toHaveLength(1);
    for (const one of small) expect(holds(store, one)).toBe(true);
    using lease = store.openBlob(large.oid);
    expect(lease).toMatchObject({ whole: true, offset: 0, size: SMALL + 1 });
    using other = store.openBlob(small[0]!.oid);
    expect(other).toMatchObject({ whole: false, size: 100 });
  });

  test('the same content twice is kept once', async () => {
    await using scratch = new Scratch();
    const store = await scratch.store();
    const one = blob(1000, 1);
    await store.addContent(one.oid, one.data);
    const before = statSync(scratch.layout.segment(1)).size;
    await store.addContent(one.oid, one.data);
    expect(statSync(scratch.layout.segment(1)).size).toBe(before);
  });
});

describe('trees', () => {
  test('C05: kept in received order under the id its parent states, with whether it hashes to that', async () => {
    await using scratch = new Scratch();
    const store = await scratch.store();
    const entries = [entry('z', EMPTY_BLOB), entry('a', EMPTY_BLOB, 'executable')];
    const right = hashObject('tree', encodeTree(entries));
    store.putTree(right, entries, true);
    store.putTree(missing, entries, false, false);
    const check = (where: typeof store): void => {
      expect([...(where.tree(right)?.entries ?? [])]).toEqual(entries);
      expect(where.tree(right)).toMatchObject({ verified: true, modesKnown: true });
      expect([...(where.tree(missing)?.entries ?? [])]).toEqual(entries);
      expect(where.tree(missing)).toMatchObject({ verified: false, modesKnown: false });
    };
    check(store);
    await store.flushed();
    check(store);
    await store.close();
    check(await scratch.store());
  });

  test('100,000 entries', async () => {
    await using scratch = new Scratch();
    const store = await scratch.store();
    const entries = Array.from({ length: 100_000 }, (_, i) => entry(`f${i}`, EMPTY_BLOB));
    store.putTree(missing, entries, false);
    await store.flushed();
    expect(store.tree(missing)?.tree.length).toBe(100_000);
  });
});

describe('sizes', () => {
  test('C07: remembered for ever, also over a restart', async () => {
    await using scratch = new Scratch();
    const store = await scratch.store();
    store.putSizes([
      [missing, 2 ** 40],
      [EMPTY_BLOB, 0],
    ]);
    expect(store.size(missing)).toBe(2 ** 40);
    await store.close();
    const again = await scratch.store();
    expect(again.size(missing)).toBe(2 ** 40);
  });

  test.each([-1, 1.5, NaN, 2 ** 48])('%d is refused', async (size) => {
    await using scratch = new Scratch();
    const store = await scratch.store();
    expect(() => store.putSizes([[missing, size]])).toThrow(RangeError);
  });
});

describe('the directory', () => {
  test('fs: O-18: everything is 0600 or 0700, and the umask is left alone', async () => {
    await using scratch = new Scratch();
    const umask = process.umask();
    const store = await scratch.store();
    for (const one of [blob(100, 1), blob(SMALL * 2, 2)]) await store.addContent(one.oid, one.data);
    store.putTree(missing, [], false);
    await store.flushed();
    const modes = new Map<string, string>();
    for (const path of readdirSync(scratch.layout.root, { recursive: true, encoding: 'utf8' })) {
      const stat = statSync(join(scratch.layout.root, path));
      modes.set(path, (stat.mode & 0o777).toString(8) + (stat.isDirectory() ? 'd' : 'f'));
    }
    expect(new Set(modes.values())).toEqual(new Set(['700d', '600f']));
    expect(modes.size).toBeGreaterThan(9);
    expect(process.umask()).toBe(umask);
  });

  test('a store from the future is refused with a sentence and left as it is', async () => {
    await using scratch = new Scratch();
    await (await scratch.store()).close();
    writeFileSync(scratch.layout.format, 'scorpiofs store 2\n');
    await expect(scratch.store()).rejects.toMatchObject({
      code: 'STORE_FROM_THE_FUTURE',
      hint: expect.stringContaining('store_path'),
    });
    expect(readFileSync(scratch.layout.format, 'utf8')).toBe('scorpiofs store 2\n');
  });

  test('files of other programs beside it stay (the reference keeps path.db, content.db, size.db there)', async () => {
    await using scratch = new Scratch();
    for (const name of ['path.db', 'content.db']) writeFileSync(join(scratch.path, name), name);
    mkdirSync(join(scratch.path, 'size.db'));
    const store = await scratch.store();
    await store.fsck();
    await store.upkeep();
    expect(readdirSync(scratch.path).sort()).toEqual([
      'content.db',
      'path.db',
      'scorpiofs-store',
      'size.db',
    ]);
    expect(readFileSync(join(scratch.path, 'path.db'), 'utf8')).toBe('path.db');
  });

  test('a path of any characters', async () => {
    await using scratch = new Scratch();
    const { Store } = await import('./store.js');
    await using store = await Store.open(join(scratch.path, 'größe 日本'));
    for (const one of [blob(100, 1), blob(SMALL + 1, 2)]) {
      await store.addContent(one.oid, one.data);
      expect(holds(store, one)).toBe(true);
    }
  });

  test('a path that cannot be one is a StoreError with a hint', async () => {
    await using scratch = new Scratch();
    writeFileSync(join(scratch.path, 'file'), '');
    const { Store } = await import('./store.js');
    await expect(Store.open(join(scratch.path, 'file'))).rejects.toMatchObject({
      code: 'STORE_UNUSABLE',
      hint: expect.stringContaining('store_path'),
    });
  });
});
