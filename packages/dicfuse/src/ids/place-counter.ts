import type { BaseStore } from '../base-store.js';
import { runSize } from './block.js';
import { LAST_PLACE } from './node-id.js';
import { outOfPlaces } from '../failure.js';

const RESERVE = 65_536;

/**
 * Hands out runs of places, none twice, over restarts and between processes: a range is reserved durably before a number of
 * it is used, so what a crash loses is the rest of the range.
 */
export class PlaceCounter {
  #next = 0;
  #end = 0;

  constructor(
    readonly store: BaseStore,
    readonly key: string,
  ) {}

  take(count: number): number {
    const size = runSize(count);
    let start = Math.ceil(this.#next / size) * size;
    if (start + size > this.#end) {
      this.#reserve(size);
      start = this.#next;
    }
    this.#next = start + size;
    return start;
  }

  #reserve(size: number): void {
    const amount = Math.max(RESERVE, size);
    let start = 0;
    this.store.changeFact(this.key, (old) => {
      // 0 is no node, and the first run holds the top's number.
      const free = old === undefined ? 8 : readNumber(old);
      start = Math.ceil(free / size) * size;
      if (start + amount > LAST_PLACE) throw outOfPlaces();
      return numberRow(start + amount);
    });
    this.#next = start;
    this.#end = start + amount;
  }
}

export function numberRow(value: number): Uint8Array {
  const row = Buffer.alloc(6);
  row.writeUIntBE(value, 0, 6);
  return row;
}

export function readNumber(row: Uint8Array): number {
  return Buffer.from(row.buffer, row.byteOffset, row.byteLength).readUIntBE(0, 6);
}
