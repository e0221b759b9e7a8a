import { setImmediate as turn } from 'node:timers/promises';
import { expect, jest, test } from '@jest/globals';
import type { RootDatabase } from 'lmdb';
import { closeParts, openParts } from '../open-parts.js';
import { Scratch } from '../testing/scratch.js';
import { Table } from './table.js';

/** Transactions that the database has seen. */
function transactions(root: RootDatabase<Buffer, Buffer>): number {
  return (root.getStats() as { lastTxnId: number }).lastTxnId;
}

test('rows that come one turn after the other travel in few transactions, and are read meanwhile', async () => {
  await using scratch = new Scratch();
  const parts = openParts(scratch.layout, () => undefined);
  try {
    const { root, queue, tables } = parts;
    const before = transactions(root);
    const began = performance.now();
    for (let i = 0; i < 3000; i++) {
      queue.put([{ table: tables.facts, key: `k${i}`, value: Buffer.from(`${i}`) }]);
      if (i % 10 === 0) await turn();
      expect(String(tables.facts.get(`k${i}`))).toBe(`${i}`);
    }
    await queue.flushed();
    // Few for 3,000 rows, and one for each tenth of a second that this machine took.
    const tenths = (performance.now() - began) / 100;
    expect(transactions(root) - before).toBeLessThan(20 + tenths);
    const onDisk = new Table(tables.facts.rows, 'text');
    for (const i of [0, 1500, 2999]) expect(String(onDisk.get(`k${i}`))).toBe(`${i}`);
  } finally {
    await closeParts(parts);
  }
});

test('a row that nobody waits for gets to the disk by itself', async () => {
  await using scratch = new Scratch();
  const parts = openParts(scratch.layout, () => undefined);
  try {
    const { queue, tables } = parts;
    queue.put([{ table: tables.facts, key: 'alone', value: Buffer.from('here') }]);
    while (tables.facts.isPending('alone')) await turn();
    expect(String(new Table(tables.facts.rows, 'text').get('alone'))).toBe('here');
  } finally {
    await closeParts(parts);
  }
});

test('after a failure nobody waits for rows that were let go behind rows that were kept', async () => {
  await using scratch = new Scratch();
  const parts = openParts(scratch.layout, () => undefined);
  const { queue, tables, room } = parts;
  const has = jest.spyOn(room, 'has').mockReturnValue(false);
  try {
    queue.put([{ table: tables.facts, key: 'kept', value: Buffer.from('1') }]);
    queue.put([{ table: tables.sizes, key: 'a'.repeat(40), value: Buffer.alloc(6) }]);
    await expect(queue.flushed()).rejects.toMatchObject({ code: 'ENOSPC' });
  } finally {
    has.mockRestore();
    await queue.flushed();
    expect(String(new Table(tables.facts.rows, 'text').get('kept'))).toBe('1');
    await closeParts(parts);
  }
});
