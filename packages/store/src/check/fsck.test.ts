import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { encodeTree, hashObject, type Oid } from '@scorpiofs/objects';
import type { Layout } from '../layout.js';
import { openEnvironment } from '../meta/database.js';
import { SMALL } from '../store.js';
import { Child } from '../testing/child.js';
import { blob, entry, holds, Scratch } from '../testing/scratch.js';

const entries = [entry('a', blob(10, 1).oid), entry('d', blob(10, 2).oid, 'directory')];
const treeId = hashObject('tree', encodeTree(entries));
const placeholder = 'e'.repeat(40) as Oid;

function flip(path: string, at: number): void {
  const bytes = readFileSync(path);
  bytes[at] = (bytes[at] ?? 0) ^ 4;
  writeFileSync(path, bytes);
}

async function filled(scratch: Scratch): Promise<void> {
  const store = await scratch.store();
  for (let i = 0; i < 20; i++) {
    const small = blob(1000 + i, i);
    const large = blob(SMALL + 1 + i, i);
    await Promise.all([
      store.addContent(small.oid, small.data),
      store.addContent(large.oid, large.data),
    ]);
  }
  store.putTree(treeId, entries, true);
  store.putTree(placeholder, entries, false);
  store.putSizes([[placeholder, 77]]);
  await store.close();
}

/** Changes rows behind the store's back. */
async function inDatabase(
  layout: Layout,
  table: string,
  change: (oid: string, row: Buffer) => Buffer | undefined,
): Promise<void> {
  const { root, table: open } = openEnvironment(layout);
  const rows = open(table);
  for (const { key, value } of [...rows.getRange()].map((r) => ({ ...r }))) {
    const changed = change(Buffer.from(key).toString('hex'), Buffer.from(value));
    if (changed) rows.putSync(Buffer.from(key), changed);
  }
  await root.close();
}

describe('fsck', () => {
  test('finds nothing in a store that is right', async () => {
    await using scratch = new Scratch();
    await filled(scratch);
    const store = await scratch.store();
    const report = await store.fsck();
    expect(report).toMatchObject({
      trees: { checked: 2, damaged: 0 },
      small: { checked: 20, damaged: 0 },
      large: { checked: 20, damaged: 0, misnamed: 0 },
      problems: 0,
    });
  });

  test('fs: D-27: large contents that were cut off, changed or stand under another name are removed, the rest stays', async () => {
    await using scratch = new Scratch();
    await filled(scratch);
    const large = Array.from({ length: 20 }, (_, i) => blob(SMALL + 1 + i, i));
    const file = (i: number): string => scratch.layout.file(large[i]!.oid);
    truncateSync(file(0), 100);
    truncateSync(file(1), 0);
    flip(file(2), 70_000);
    renameSync(
      file(3),
      scratch.layout.file(placeholder.replace(/^../, file(4).slice(-41, -39)) as Oid),
    );
    writeFileSync(join(dirname(file(5)), 'notes.txt'), 'stray');
    mkdirSync(join(scratch.layout.files, 'zz'));
    const store = await scratch.store();
    const report = await store.fsck();
    expect(report.large).toEqual({ checked: 16, damaged: 4, misnamed: 1 });
    expect(report.problems).toBe(5);
    large.forEach((one, i) => expect([i, holds(store, one)]).toEqual([i, i > 3]));
    // What was removed can be put in again.
    await store.addContent(large[0]!.oid, large[0]!.data);
    expect(holds(store, large[0]!)).toBe(true);
    expect((await store.fsck()).problems).toBe(0);
  });

  test('small contents that were changed or cut off within a segment are let go, their neighbours stay', async () => {
    await using scratch = new Scratch();
    await filled(scratch);
    const small = Array.from({ length: 20 }, (_, i) => blob(1000 + i, i));
    const segment = scratch.layout.segment(1);
    const bytes = readFileSync(segment);
    flip(segment, bytes.indexOf(small[4]!.data.subarray(0, 500)) + 3);
    truncateSync(segment, bytes.length - 10);
    const last = small.findIndex((one) => bytes.subarray(-300).equals(one.data.subarray(-300)));
    const store = await scratch.store();
    const report = await store.fsck();
    expect(report.small).toEqual({ checked: 18, damaged: 2 });
    small.forEach((one, i) => expect([i, holds(store, one)]).toEqual([i, i !== 4 && i !== last]));
    expect(store.counters.damaged).toBe(2);
  });

  test('a segment that was cut off is never read short, also before a check', async () => {
    await using scratch = new Scratch();
    await filled(scratch);
    truncateSync(scratch.layout.segment(1), 30);
    const store = await scratch.store();
    for (let i = 0; i < 20; i++) {
      const { oid } = blob(1000 + i, i);
      expect(store.readContent(oid, 0, Buffer.alloc(2000))).toBeUndefined();
    }
  });

  test('rows of the database that were changed: trees, places, sizes', async () => {
    await using scratch = new Scratch();
    await filled(scratch);
    const small = blob(1000, 0);
    await inDatabase(scratch.layout, 'trees', (_oid, row) => {
      row[row.length - 30] = (row[row.length - 30] ?? 0) ^ 1;
      return row;
    });
    await inDatabase(scratch.layout, 'places', (oid, row) => {
      if (oid !== small.oid) return undefined;
      row.writeUInt32BE(4_000_000_000, 8);
      return row;
    });
    await inDatabase(scratch.layout, 'sizes', (oid, row) =>
      oid === placeholder ? row.subarray(0, 5) : undefined,
    );
    const store = await scratch.store();
    // A listing is checked when it is read: what is wrong is not here, and is fetched again.
    expect(store.tree(treeId)).toBeUndefined();
    expect(store.tree(placeholder)).toBeUndefined();
    const report = await store.fsck();
    expect(report).toMatchObject({
      trees: { checked: 0, damaged: 2 },
      small: { checked: 19, damaged: 1 },
      sizes: { damaged: 1 },
    });
    expect(store.hasContent(small.oid)).toBe(false);
    expect(store.size(placeholder)).toBeUndefined();
    expect((await store.fsck()).problems).toBe(0);
  });

  test('stray files: aside of the dead, in segments without a row', async () => {
    await using scratch = new Scratch();
    await filled(scratch);
    writeFileSync(join(scratch.layout.temporary, '0000000000000000-1'), 'x');
    writeFileSync(scratch.layout.segment(77), 'x');
    writeFileSync(join(scratch.layout.segments, 'note'), 'x');
    const store = await scratch.store();
    expect((await store.fsck()).swept).toEqual({ temporary: 1, segments: 2 });
    expect(existsSync(scratch.layout.segment(1))).toBe(true);
    expect(readdirSync(scratch.layout.segments)).toHaveLength(1);
  });

  test('safe while it is used: what is written and read meanwhile is right', async () => {
    await using scratch = new Scratch();
    await filled(scratch);
    const store = await scratch.store();
    const other = await scratch.store();
    const check = store.fsck();
    for (let i = 100; i < 140; i++) {
      const one = blob(i % 2 ? 900 : SMALL + 900, i);
      await other.addContent(one.oid, one.data);
      expect(holds(other, one)).toBe(true);
    }
    expect((await check).problems).toBe(0);
    for (let i = 100; i < 140; i++)
      expect(holds(other, blob(i % 2 ? 900 : SMALL + 900, i))).toBe(true);
  });
});

describe('a database that was cut off', () => {
  test.each([0.9, 0.5, 0.05])(
    'to %d of its length: an error with a hint, never the end of the process',
    async (part) => {
      await using scratch = new Scratch();
      await filled(scratch);
      const { length } = readFileSync(scratch.layout.meta);
      truncateSync(scratch.layout.meta, Math.floor(length * part));
      await using child = new Child(
        scratch.path,
        `let trees = 0;
       for (const id of ['${treeId}', '${placeholder}']) {
         try { trees += store.tree(id) ? 1 : 0; } catch (error) { say(error.code); }
       }
       await store.close();`,
      );
      try {
        await child.ended();
        // What is left of it could be opened: each row is there or says that it cannot be read.
        for (const line of child.lines) expect(line).toBe('STORE_READ');
      } catch (error) {
        expect(String(error)).toContain('STORE_DAMAGED');
      }
    },
  );

  test('what is no database is refused, and after it was removed as the hint says large contents are still here', async () => {
    await using scratch = new Scratch();
    await filled(scratch);
    writeFileSync(scratch.layout.meta, 'not a database'.repeat(1000));
    await expect(scratch.store()).rejects.toMatchObject({
      code: 'STORE_DAMAGED',
      hint: expect.stringContaining('remove this file'),
    });
    rmSync(scratch.layout.meta);
    const store = await scratch.store();
    expect(holds(store, blob(SMALL + 1, 0))).toBe(true);
    expect(store.hasContent(blob(1000, 0).oid)).toBe(false);
    await store.addContent(blob(1000, 0).oid, blob(1000, 0).data);
    await store.upkeep();
    expect(holds(store, blob(1000, 0))).toBe(true);
  });
});

describe('after the machine went down', () => {
  test('what had not reached the disk is checked at the next start, and only that', async () => {
    await using scratch = new Scratch();
    await filled(scratch);
    const large = [blob(SMALL + 1, 0), blob(SMALL + 2, 1)];
    const small = Array.from({ length: 20 }, (_, i) => blob(1000 + i, i));
    // As a crash leaves it: rows say "not synced, in another run", and of some bytes only zeros are there.
    const { root, table } = openEnvironment(scratch.layout);
    for (const { oid } of large)
      table('unsynced').putSync(Buffer.from(oid, 'hex'), Buffer.from('another run'));
    const row = { owner: '0123456789abcdef', boot: 'another run', sealed: false };
    table('segments').putSync(Buffer.from('s0000000001'), Buffer.from(JSON.stringify(row)));
    await root.close();
    writeFileSync(scratch.layout.file(large[0]!.oid), Buffer.alloc(SMALL + 1));
    const segment = readFileSync(scratch.layout.segment(1));
    segment.fill(0, segment.length / 2);
    writeFileSync(scratch.layout.segment(1), segment);
    const store = await scratch.store();
    expect(large.map(({ oid }) => store.hasContent(oid))).toEqual([false, true]);
    const kept = small.filter((one) => store.hasContent(one.oid));
    expect(kept.length).toBeGreaterThan(5);
    expect(kept.length).toBeLessThan(15);
    for (const one of kept) expect(holds(store, one)).toBe(true);
    const report = await store.fsck();
    expect(report.problems).toBe(0);
    await store.flushed();
    await store.close();
    // Once is enough.
    expect((await (await scratch.store()).fsck()).problems).toBe(0);
  });
});
