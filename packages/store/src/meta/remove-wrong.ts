import type { RootDatabase } from 'lmdb';
import { transact } from './commit.js';
import type { Table } from './table.js';

/** Removes a row that was found wrong, unless somebody has put another one in its place meanwhile. */
export async function removeWrong(
  root: RootDatabase<Buffer, Buffer>,
  table: Table,
  key: string,
  wrong: Buffer,
): Promise<boolean> {
  return await transact(root, () => {
    if (table.isPending(key) || table.stored(key)?.equals(wrong) !== true) return false;
    void table.rows.remove(table.bytes(key));
    return true;
  });
}
