import { fdatasync, closeSync, fstatSync, openSync, statSync, writev } from 'node:fs';
import { promisify } from 'node:util';
import { codeOf } from '../errors.js';
import type { Oid } from '@scorpiofs/objects';
import type { Layout } from '../layout.js';
import type { Table } from '../meta/table.js';
import type { WriteQueue } from '../meta/write-queue.js';
import { encodePlace } from './place.js';
import { RECORD_HEADER, recordHeader } from './record.js';
import type { SegmentRows } from './segment-rows.js';

const writevAsync = promisify(writev);
const fdatasyncAsync = promisify(fdatasync);

/** Bytes handed to the kernel at once. */
const BATCH = 1024 * 1024;

interface Waiting {
  readonly oid: Oid;
  readonly data: Uint8Array;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

interface Open {
  readonly id: number;
  readonly fd: number;
  end: number;
}

/**
 * Appends small contents to this process's own segment. A content is found only through its row, and the row is put after
 * the content was written whole: a write that failed or a process killed in the middle leaves bytes that nothing names, which the
 * next batch overwrites. Callers have checked the content against its id.
 */
export class SegmentWriter {
  #open: Open | undefined;
  #waiting: Waiting[] = [];
  #running: Promise<void> | undefined;
  readonly #sealing = new Set<Promise<void>>();

  constructor(
    readonly layout: Layout,
    readonly rows: SegmentRows,
    readonly places: Table,
    readonly queue: WriteQueue,
    readonly capacity: number,
    readonly onWritten: (bytes: number) => void,
  ) {}

  /** The segment that must not be evicted now. */
  get current(): number | undefined {
    return this.#open?.id;
  }

  /** Resolves when the content can be read. What many add meanwhile is written together. */
  add(oid: Oid, data: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ oid, data, resolve, reject });
      this.#running ??= this.#run();
    });
  }

  /** Writes what waits, syncs and closes. */
  async close(): Promise<void> {
    await this.#running;
    if (this.#open) this.#seal(this.#open);
    this.#open = undefined;
    await Promise.all(this.#sealing);
  }

  async #run(): Promise<void> {
    // What the rest of this turn adds travels along.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#waiting.length > 0) {
      const batch = this.#take();
      try {
        await this.#write(batch);
        for (const { resolve } of batch) resolve();
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    this.#running = undefined;
  }

  #take(): Waiting[] {
    let bytes = 0;
    let count = 0;
    for (const { data } of this.#waiting) {
      if (count > 0 && bytes + data.length > BATCH) break;
      bytes += data.length;
      count += 1;
    }
    return this.#waiting.splice(0, count);
  }

  async #write(batch: readonly Waiting[]): Promise<void> {
    const open = (this.#open ??= await this.#next());
    const buffers: Uint8Array[] = [];
    const places: { oid: Oid; offset: number; length: number }[] = [];
    let end = open.end;
    for (const { oid, data } of batch) {
      buffers.push(recordHeader(oid, data.length), data);
      places.push({ oid, offset: end + RECORD_HEADER, length: data.length });
      end += RECORD_HEADER + data.length;
    }
    await writeAll(open.fd, buffers, open.end);
    this.onWritten(end - open.end);
    open.end = end;
    for (const { oid, offset, length } of places) {
      const value = encodePlace({ segment: open.id, offset, length });
      this.queue.put([{ table: this.places, key: oid, value }]);
    }
    if (end >= this.capacity) {
      this.#open = undefined;
      this.#seal(open);
    }
  }

  async #next(): Promise<Open> {
    for (;;) {
      const { id, fresh } = await this.rows.claim((one) => this.#hasRoom(one));
      const path = this.layout.segment(id);
      try {
        const fd = openSync(path, fresh ? 'wx' : 'r+', 0o600);
        return { id, fd, end: fstatSync(fd).size };
      } catch (error) {
        // A number that was used before the database was lost, or a file evicted since: the next one then.
        const code = codeOf(error);
        if (code !== (fresh ? 'EEXIST' : 'ENOENT')) throw error;
        await this.rows.seal(id, this.rows.owner.name);
      }
    }
  }

  #hasRoom(id: number): boolean {
    const stat = statSync(this.layout.segment(id), { throwIfNoEntry: false });
    return stat !== undefined && stat.size < this.capacity / 2;
  }

  #seal({ id, fd }: Open): void {
    const sealing = fdatasyncAsync(fd)
      .then(() => this.rows.seal(id, this.rows.owner.name))
      // Not sealed: after a crash of the machine it is checked before it is used. Nothing is lost by that.
      .catch(() => {})
      .finally(() => {
        closeSync(fd);
        this.#sealing.delete(sealing);
      });
    this.#sealing.add(sealing);
  }
}

async function writeAll(fd: number, buffers: Uint8Array[], position: number): Promise<void> {
  // IOV_MAX is 1024.
  for (let first = 0; first < buffers.length; first += 1024) {
    let part = buffers.slice(first, first + 1024);
    while (part.length > 0) {
      const { bytesWritten } = await writevAsync(fd, part, position);
      position += bytesWritten;
      part = rest(part, bytesWritten);
    }
  }
}

function rest(buffers: readonly Uint8Array[], written: number): Uint8Array[] {
  const left: Uint8Array[] = [];
  for (const buffer of buffers) {
    const skip = Math.min(written, buffer.length);
    written -= skip;
    if (skip < buffer.length) left.push(skip === 0 ? buffer : buffer.subarray(skip));
  }
  return left;
}
