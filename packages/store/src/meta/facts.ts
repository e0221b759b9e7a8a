import type { RootDatabase } from 'lmdb';
import { noRoom, withRoomError } from '../errors.js';
import type { Table } from './table.js';
import type { WriteQueue } from './write-queue.js';

/** LMDB's limit for a key with 4 KiB pages. */
const LONGEST_KEY = 1978;
/** Facts that could not be written are kept in memory and tried again; this many, then `put` fails. */
const MOST_WAITING = 200_000;

/**
 * Small values by text key that no server could tell again: numbers given out, revisions seen. A part of the store's own
 * with `within`. Unlike everything else in the store they are never evicted.
 */
export class Facts {
  constructor(
    readonly root: RootDatabase<Buffer, Buffer>,
    readonly table: Table,
    readonly queue: WriteQueue,
    readonly directory: string,
    readonly prefix = '',
  ) {}

  /** The facts whose keys start with `prefix`, under what remains of their keys. */
  within(prefix: string): Facts {
    return new Facts(this.root, this.table, this.queue, this.directory, this.prefix + prefix);
  }

  get(key: string): Uint8Array | undefined {
    return this.table.copy(this.#key(key));
  }

  /** Readable at once, on disk soon after, in the order of the calls. */
  put(key: string, value: Uint8Array): void {
    this.putAll([[key, value]]);
  }

  /** All or none of them are there after a crash. `undefined` removes. */
  putAll(facts: Iterable<readonly [key: string, value: Uint8Array | undefined]>): void {
    if (this.queue.length > MOST_WAITING) throw noRoom(this.directory, 'facts cannot be written');
    this.queue.put(
      [...facts].map(([key, value]) => ({
        table: this.table,
        key: this.#key(key),
        value: value && Buffer.from(value),
      })),
    );
  }

  remove(key: string): void {
    this.putAll([[key, undefined]]);
  }

  /**
   * Replaces a fact by what `change` makes of it, atomically also between processes; on disk when it returns. For what happens
   * seldom: it waits for the disk (some ms), in this turn. Throws what `change` throws, and then changes nothing.
   */
  change(key: string, change: (old: Uint8Array | undefined) => Uint8Array): Uint8Array {
    const full = this.#key(key);
    // A value of ours that is still on its way is the newest; it is written again behind itself, or it would land last.
    const pending = this.table.isPending(full);
    try {
      const value = this.root.transactionSync(() => {
        const old = pending ? this.table.copy(full) : copied(this.table.stored(full));
        const changed = Buffer.from(change(old));
        if (!this.queue.room.has(1, changed.length))
          throw noRoom(this.directory, 'the disk is full');
        this.table.rows.putSync(this.table.bytes(full), changed);
        return changed;
      });
      if (pending) this.queue.put([{ table: this.table, key: full, value }]);
      return value;
    } catch (error) {
      throw withRoomError(this.directory, error);
    }
  }

  /**
   * Takes `count` numbers that nobody was ever given, over restarts and between processes; returns the first. Reserve
   * many at once: each call waits for the disk.
   */
  take(counter: string, count: number, first = 1): number {
    let start = first;
    this.change(counter, (old) => {
      start = old === undefined ? first : Number(Buffer.from(old).readBigUInt64BE());
      const next = Buffer.alloc(8);
      next.writeBigUInt64BE(BigInt(start + count));
      return next;
    });
    return start;
  }

  /** In the order of their keys as bytes. What is still on its way comes with the rest. */
  *entries(prefix = ''): Generator<[key: string, value: Uint8Array]> {
    const head = this.#key(prefix);
    const start = Buffer.from(head);
    const waiting = [...this.table.pendingKeys()].filter((key) => key.startsWith(head));
    const waitingNow = new Set(waiting);
    const stored = this.table.rows.getRange({ start, end: Buffer.concat([start, AFTER]) });
    const found = new Map<string, Buffer>();
    for (const { key, value } of stored) {
      const text = this.table.text(key);
      if (!waitingNow.has(text)) found.set(text, Buffer.from(value));
    }
    for (const key of waiting) {
      const value = this.table.copy(key);
      if (value !== undefined) found.set(key, value);
    }
    const keys = [...found.keys()].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    for (const key of keys) {
      const value = found.get(key);
      if (value) yield [key.slice(this.prefix.length), value];
    }
  }

  #key(key: string): string {
    const full = this.prefix + key;
    if (Buffer.byteLength(full) > LONGEST_KEY)
      throw new RangeError('the key of a fact is too long');
    return full;
  }
}

/** Above every byte of UTF-8. */
const AFTER = Buffer.from([0xff]);

function copied(value: Buffer | undefined): Buffer | undefined {
  return value && Buffer.from(value);
}
