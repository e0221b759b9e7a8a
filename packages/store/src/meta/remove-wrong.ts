import { noRoom } from '../errors.js';
import type { Parts } from '../parts.js';
import { SMALL_MARGIN } from '../room.js';
import { transact } from './commit.js';
import type { Table } from './table.js';

/** Removes a row that was found wrong, unless somebody has put another one in its place meanwhile. */
export async function removeWrong(
  { root, room }: Pick<Parts, 'root' | 'room'>,
  table: Table,
  key: string,
  wrong: Buffer,
): Promise<boolean> {
  if (!room.has(1, 0, SMALL_MARGIN)) throw noRoom(room.directory, 'the disk is full');
  return await transact(root, () => {
    if (table.isPending(key) || table.stored(key)?.equals(wrong) !== true) return false;
    void table.rows.remove(table.bytes(key));
    return true;
  });
}
