import { mkdtempSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { EMPTY_BLOB, type Oid } from '@scorpiofs/objects';
import { CAP, hasCapability, mount, umount2 } from '@scorpiofs/posix';
import { SMALL, Store } from './store.js';
import { blob, entry, holds, type Blob } from './testing/scratch.js';

const point = mkdtempSync(join(tmpdir(), 'scorpiofs-full-'));
const mounted = mountSmall();

function mountSmall(): boolean {
  if (!hasCapability(CAP.SYS_ADMIN)) return false;
  const request = { source: 'tmpfs', target: point, type: 'tmpfs', flags: 0, data: 'size=12m' };
  return mount(request) === 0;
}

afterAll(() => {
  if (mounted) umount2(point);
  rmdirSync(point);
});

const name = (text: string): string =>
  mounted ? text : `${text} (skipped: a small tmpfs needs CAP_SYS_ADMIN)`;
const testFull = mounted ? test : test.skip;

describe('disk full', () => {
  testFull(
    name('is an error to the reader, leaves the store whole, and is over when there is room again'),
    async () => {
      const ballast = join(point, 'ballast');
      writeFileSync(ballast, Buffer.alloc(3 * 1024 * 1024));
      const problems: unknown[] = [];
      const store = await Store.open(point, { onProblem: (error) => problems.push(error) });
      const noSpace = expect.objectContaining({
        code: 'ENOSPC',
        hint: expect.stringContaining('store_quota_bytes'),
      });
      try {
        const kept: Blob[] = [];
        let refused = 0;
        for (let i = 0; refused < 3; i++) {
          const one = blob(i % 3 === 0 ? SMALL + 9 : 50_000, i);
          try {
            await store.addContent(one.oid, one.data);
            kept.push(one);
          } catch (error) {
            expect(error).toEqual(noSpace);
            expect(store.hasContent(one.oid)).toBe(false);
            refused += 1;
          }
        }
        expect(kept.length).toBeGreaterThan(10);

        // What the server can tell again is let go; what it cannot stays readable and is tried again.
        const treeId = 'd'.repeat(40) as Oid;
        const many = Array.from({ length: 3000 }, (_, i) => entry(`name-${i}`, EMPTY_BLOB));
        store.putTree(treeId, many, false);
        for (let i = 0; i < 250; i++) store.putFact(`fact-${i}`, Buffer.alloc(3000, i));
        await expect(store.flushed()).rejects.toEqual(noSpace);
        expect(problems).toEqual(expect.arrayContaining([noSpace]));
        expect(store.fact('fact-39')).toEqual(Buffer.alloc(3000, 39));
        expect(() => store.changeFact('large', () => Buffer.alloc(5_000_000))).toThrow(
          expect.objectContaining({ code: 'ENOSPC' }),
        );
        for (const one of kept) expect(holds(store, one)).toBe(true);

        rmSync(ballast);
        await store.flushed();
        store.putTree(treeId, many, false);
        const later = blob(SMALL + 77, 5);
        await store.addContent(later.oid, later.data);
        await store.close();

        const again = await Store.open(point);
        try {
          for (const one of [...kept, later]) expect(holds(again, one)).toBe(true);
          expect(again.tree(treeId)?.tree.length).toBe(3000);
          for (let i = 0; i < 250; i++) expect(again.fact(`fact-${i}`)).toHaveLength(3000);
          expect((await again.fsck()).problems).toBe(0);
        } finally {
          await again.close();
        }
      } finally {
        await store.close();
      }
    },
  );
});
