import type { RootDatabase } from 'lmdb';
import { MARGIN, SMALL_MARGIN, type Room } from '../room.js';
import type { Owner } from '../owner.js';
import { noRoom } from '../errors.js';
import { transact } from '../meta/commit.js';
import type { Table } from '../meta/table.js';

export interface SegmentRow {
  /** Who writes, or wrote, at its end. */
  readonly owner: string;
  /** The run of the machine in which it was last written. */
  readonly boot: string;
  /** Everything in it has reached the disk. */
  readonly sealed: boolean;
}

const NEXT = 'next';

/** What is known of each segment beside its file: a row stands before its file is made and until it is gone. */
export class SegmentRows {
  constructor(
    readonly root: RootDatabase<Buffer, Buffer>,
    readonly table: Table,
    readonly owner: Owner,
    readonly boot: string,
    readonly room: Room,
  ) {}

  get(id: number): SegmentRow | undefined {
    const row = this.table.stored(keyOf(id));
    return row && parse(row);
  }

  *all(): Generator<readonly [id: number, row: SegmentRow]> {
    // Taken whole before the caller works with it: no cursor stays open while the table changes.
    const found: (readonly [number, SegmentRow])[] = [];
    const range = { start: Buffer.from('s'), end: Buffer.from('t') };
    for (const { key, value } of this.table.rows.getRange(range)) {
      const row = parse(value);
      if (row) found.push([Number(this.table.text(key).slice(1)), row]);
    }
    yield* found;
  }

  /**
   * A segment for this process to append to: one whose writer is gone, if `usable` says so, else a new number. Decided in a
   * transaction, so two processes never write in one segment.
   */
  async claim(usable: (id: number) => boolean): Promise<{ id: number; fresh: boolean }> {
    this.#needRoom(2, MARGIN);
    const mine = encode({ owner: this.owner.name, boot: this.boot, sealed: false });
    return await transact(this.root, () => {
      for (const [id, row] of this.all()) {
        const settled = row.sealed || row.boot === this.boot;
        if (!settled || row.owner === this.owner.name || this.owner.isAlive(row.owner)) continue;
        if (!usable(id)) continue;
        void this.table.rows.put(this.table.bytes(keyOf(id)), mine);
        return { id, fresh: false };
      }
      const id = Number(this.table.stored(NEXT)?.toString() ?? '1');
      void this.table.rows.put(this.table.bytes(NEXT), Buffer.from(String(id + 1)));
      void this.table.rows.put(this.table.bytes(keyOf(id)), mine);
      return { id, fresh: true };
    });
  }

  /** Notes that all of it has reached the disk, unless somebody else has begun to append to it. */
  async seal(id: number, owner: string): Promise<void> {
    this.#needRoom(1);
    await transact(this.root, () => {
      const row = this.get(id);
      if (row?.owner !== owner) return;
      const sealed = encode({ ...row, boot: this.boot, sealed: true });
      void this.table.rows.put(this.table.bytes(keyOf(id)), sealed);
    });
  }

  /** Whether no row stands for this number. Asked in a transaction: a snapshot may be older than the file. */
  async isUnknown(id: number): Promise<boolean> {
    return await transact(this.root, () => this.get(id) === undefined);
  }

  /** Takes the row away if nobody writes to it any more; then its file may go. */
  async retire(id: number): Promise<boolean> {
    this.#needRoom(1);
    return await transact(this.root, () => {
      const row = this.get(id);
      if (row !== undefined && !row.sealed && this.owner.isAlive(row.owner)) return false;
      void this.table.rows.remove(this.table.bytes(keyOf(id)));
      return true;
    });
  }

  #needRoom(rows: number, margin = SMALL_MARGIN): void {
    if (!this.room.has(rows, 0, margin)) throw noRoom(this.room.directory, 'the disk is full');
  }
}

/** Text, so that `next` fits in the same table; digits padded so that the order is the numbers' order. */
function keyOf(id: number): string {
  return `s${String(id).padStart(10, '0')}`;
}

function encode(row: SegmentRow): Buffer {
  return Buffer.from(JSON.stringify(row));
}

function parse(bytes: Buffer): SegmentRow | undefined {
  try {
    const row: unknown = JSON.parse(bytes.toString());
    if (typeof row !== 'object' || row === null) return undefined;
    const { owner, boot, sealed } = row as Record<string, unknown>;
    if (typeof owner !== 'string' || typeof boot !== 'string' || typeof sealed !== 'boolean')
      return undefined;
    return { owner, boot, sealed };
  } catch {
    return undefined;
  }
}
