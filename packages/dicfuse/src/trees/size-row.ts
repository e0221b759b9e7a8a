import type { Oid } from '@scorpiofs/objects';
import { UNKNOWN, type Listing } from './listing.js';

const BYTES = 6;
const NONE = 2 ** 48 - 1;

/** Fact with the sizes that came with a listing: one row for a directory instead of one for each file. */
export function sizesKey(key: Oid): string {
  return `dicfuse/sizes/${key}`;
}

export function encodeSizes({ sizes }: Listing): Uint8Array {
  const row = Buffer.allocUnsafe(sizes.length * BYTES);
  for (const [i, size] of sizes.entries())
    row.writeUIntBE(size === UNKNOWN || size > NONE ? NONE : size, i * BYTES, BYTES);
  return row;
}

/** A row for another number of entries belongs to a listing that was read differently: it says nothing. */
export function fillSizes({ sizes }: Listing, bytes: Uint8Array): void {
  if (bytes.length !== sizes.length * BYTES) return;
  const row = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let i = 0; i < sizes.length; i++) {
    const size = row.readUIntBE(i * BYTES, BYTES);
    if (size !== NONE) sizes[i] = size;
  }
}
