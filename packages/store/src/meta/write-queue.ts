import type { RootDatabase } from 'lmdb';
import { noRoom } from '../errors.js';
import type { Room } from '../room.js';
import { commit } from './commit.js';
import type { Table } from './table.js';

export interface Row {
  readonly table: Table;
  readonly key: string;
  /** Undefined: remove. */
  readonly value: Buffer | undefined;
}

interface Group {
  readonly rows: readonly Row[];
  readonly bytes: number;
  readonly number: number;
}

/** One transaction's worth: what the event loop can hand over in a few milliseconds. Each one waits for the disk. */
const BATCH_ROWS = 2048;
const BATCH_BYTES = 1024 * 1024;
/**
 * Milliseconds that rows wait for others to travel with. A transaction writes every page that it touches anew and waits for the disk:
 * without this a walk of 5,900 directories made 140 to 500 of them, on the processors that it wanted itself.
 */
const GATHER = 100;
/** After a failure, milliseconds. */
const RETRY = 1_000;

interface Waiter {
  readonly upTo: number;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Rows on their way to disk, in the order in which they were put; readable from the start (`Table.get`). One transaction at a
 * time, off the event loop, so a later row is never on disk without the earlier ones. The rows of one group go together.
 *
 * When a transaction fails (disk full), rows that can be fetched again are let go, and those of tables that keep theirs
 * stay readable and are tried again: facts, which no server knows, and the places of contents that are on disk already.
 */
export class WriteQueue {
  #groups: Group[] = [];
  #last = 0;
  #committed = 0;
  #running = false;
  #retry: NodeJS.Timeout | undefined;
  #gathering: NodeJS.Timeout | undefined;
  /** Of the groups that wait. */
  #rows = 0;
  #bytes = 0;
  #waiters: Waiter[] = [];

  constructor(
    readonly root: RootDatabase<Buffer, Buffer>,
    readonly room: Room,
    readonly onFailure: (error: unknown) => void,
  ) {}

  put(rows: readonly Row[]): void {
    if (rows.length === 0) return;
    let bytes = 0;
    const number = ++this.#last;
    for (const row of rows) {
      bytes += row.value?.length ?? 0;
      row.table.overlay(row.key, { value: row.value, number });
    }
    this.#groups.push({ rows, bytes, number });
    this.#rows += rows.length;
    this.#bytes += bytes;
    if (this.#isFull) this.#start();
    else this.#gather();
  }

  /** Rows that are not on disk yet. */
  get length(): number {
    return this.#groups.length;
  }

  /** When what was put until now is on disk; rejects when it could not be written. */
  flushed(): Promise<void> {
    if (this.#committed >= this.#last) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.#waiters.push({ upTo: this.#last, resolve, reject });
      // Whoever asks does not wait for the next attempt: it is made now.
      this.stop();
      this.#start();
    });
  }

  /** Tries no more by itself. */
  stop(): void {
    clearTimeout(this.#retry);
    this.#retry = undefined;
    clearTimeout(this.#gathering);
    this.#gathering = undefined;
  }

  get #isFull(): boolean {
    return this.#rows >= BATCH_ROWS || this.#bytes >= BATCH_BYTES;
  }

  #gather(): void {
    if (this.#running || this.#retry !== undefined) return;
    this.#gathering ??= setTimeout(() => this.#start(), GATHER);
  }

  #start(): void {
    if (this.#running || this.#retry !== undefined) return;
    clearTimeout(this.#gathering);
    this.#gathering = undefined;
    this.#running = true;
    // What the rest of this turn puts travels along.
    setImmediate(() => void this.#run());
  }

  async #run(): Promise<void> {
    do {
      const batch = this.#take();
      try {
        await this.#commit(batch);
      } catch (error) {
        this.#failed(batch, error);
        break;
      }
      this.#done(batch);
    } while (this.#isFull || (this.#waiters.length > 0 && this.#groups.length > 0));
    this.#running = false;
    if (this.#groups.length > 0) this.#gather();
  }

  #take(): Group[] {
    let rows = 0;
    let bytes = 0;
    let count = 0;
    for (const group of this.#groups) {
      if (count > 0 && (rows + group.rows.length > BATCH_ROWS || bytes + group.bytes > BATCH_BYTES))
        break;
      rows += group.rows.length;
      bytes += group.bytes;
      count += 1;
    }
    this.#rows -= rows;
    this.#bytes -= bytes;
    return this.#groups.splice(0, count);
  }

  async #commit(batch: readonly Group[]): Promise<void> {
    let rows = 0;
    let bytes = 0;
    for (const group of batch) {
      rows += group.rows.length;
      bytes += group.bytes;
    }
    if (!this.room.has(rows, bytes)) throw noRoom(this.room.directory, 'the disk is full');
    await commit(this.root, () => {
      for (const { rows } of batch)
        for (const { table, key, value } of rows) void table.write(key, value);
    });
  }

  #done(batch: readonly Group[]): void {
    for (const { rows, number } of batch) {
      for (const { table, key } of rows) table.settle(key, number);
      this.#committed = number;
    }
    // Rows that were let go behind others that were kept have no group any more that would say so.
    if (this.#groups.length === 0) this.#committed = this.#last;
    this.#waiters = this.#waiters.filter((waiter) => {
      if (waiter.upTo > this.#committed) return true;
      waiter.resolve();
      return false;
    });
  }

  #failed(batch: readonly Group[], error: unknown): void {
    const kept: Group[] = [];
    for (const group of batch) {
      const rows = group.rows.filter((row) => row.table.keeps);
      for (const row of group.rows) if (!row.table.keeps) row.table.settle(row.key, group.number);
      if (rows.length > 0) {
        kept.push({ ...group, rows });
        this.#rows += rows.length;
        this.#bytes += group.bytes;
      } else if (kept.length === 0) this.#committed = group.number;
    }
    this.#groups = [...kept, ...this.#groups];
    for (const waiter of this.#waiters) waiter.reject(error);
    this.#waiters = [];
    this.onFailure(error);
    this.#retry = setTimeout(() => {
      this.#retry = undefined;
      if (this.#groups.length > 0) this.#start();
    }, RETRY).unref();
  }
}
