import { unreadable } from '../errors.js';
import type { Rows } from './database.js';

interface Pending {
  readonly value: Buffer | undefined;
  readonly number: number;
}

/** Rows read at once. */
const SCAN = 256;

export type KeyKind = 'oid' | 'text';

/** One table of the database, seen through the rows that are still on their way to it (see `WriteQueue`). */
export class Table {
  readonly #pending = new Map<string, Pending>();

  constructor(
    readonly rows: Rows,
    readonly keyKind: KeyKind,
    /** Whether rows that could not be written are tried again instead of let go. */
    readonly keeps = false,
  ) {}

  /** The value, valid until the next call of any table. Undefined: none. */
  get(key: string): Buffer | undefined {
    const pending = this.#pending.size === 0 ? undefined : this.#pending.get(key);
    if (pending !== undefined) return pending.value;
    return this.stored(key);
  }

  /** As `get`, for the caller to keep. */
  copy(key: string): Buffer | undefined {
    const value = this.get(key);
    return value && Buffer.from(value);
  }

  /** What the database has, whatever is on its way there. */
  stored(key: string): Buffer | undefined {
    let value;
    try {
      value = this.rows.getBinaryFast(this.bytes(key));
    } catch (error) {
      throw unreadable(`the row of ${key}`, error);
    }
    // The binding hands out a shared buffer whose `length` alone is right.
    return value && value.subarray(0, value.length);
  }

  bytes(key: string): Buffer {
    return Buffer.from(key, this.keyKind === 'oid' ? 'hex' : 'utf8');
  }

  text(key: Uint8Array): string {
    const bytes = Buffer.from(key.buffer, key.byteOffset, key.byteLength);
    return bytes.toString(this.keyKind === 'oid' ? 'hex' : 'utf8');
  }

  /** Called by the queue. */
  overlay(key: string, pending: Pending): void {
    this.#pending.set(key, pending);
  }

  isPending(key: string): boolean {
    return this.#pending.has(key);
  }

  pendingKeys(): Iterable<string> {
    return this.#pending.keys();
  }

  /** Called by the queue: the group of this number is written or let go; a later one for the same key stays. */
  settle(key: string, number: number): void {
    if (this.#pending.get(key)?.number === number) this.#pending.delete(key);
  }

  /** Every row on disk, some at a time and no longer of one moment: no snapshot is held while the caller works. */
  *scan(): Generator<readonly [key: string, value: Buffer]> {
    let start: Buffer | undefined;
    for (;;) {
      const range = { limit: SCAN + 1, ...(start === undefined ? {} : { start }) };
      const rows = [...this.rows.getRange(range)].map(
        ({ key, value }) => [Buffer.from(key), Buffer.from(value)] as const,
      );
      for (const [key, value] of rows.slice(0, SCAN)) yield [this.text(key), value];
      start = rows[SCAN]?.[0];
      if (start === undefined) return;
    }
  }

  write(key: string, value: Buffer | undefined): Promise<boolean> {
    const bytes = this.bytes(key);
    return value === undefined ? this.rows.remove(bytes) : this.rows.put(bytes, value);
  }
}
