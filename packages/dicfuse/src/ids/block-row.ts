import type { Block } from './block.js';

const HEADER = 18;
const ENTRY = 12;

/** Version and flags, then start, time (6 bytes each), count (4); for kept entries place and time (6 bytes each). */
export function encodeBlock(block: Block): Uint8Array {
  const { kept, count } = block;
  const row = Buffer.allocUnsafe(HEADER + (kept === undefined ? 0 : count * ENTRY));
  row.writeUInt8(1, 0);
  row.writeUInt8(kept === undefined ? 0 : 1, 1);
  row.writeUIntBE(block.start, 2, 6);
  row.writeUIntBE(block.time, 8, 6);
  row.writeUInt32BE(count, 14);
  if (kept === undefined) return row;
  for (let i = 0; i < count; i++) {
    row.writeUIntBE(kept.places[i] ?? 0, HEADER + i * ENTRY, 6);
    row.writeUIntBE(kept.times[i] ?? 0, HEADER + i * ENTRY + 6, 6);
  }
  return row;
}

/** Undefined for what this version did not write. */
export function decodeBlock(bytes: Uint8Array): Block | undefined {
  const row = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (row.length < HEADER || row[0] !== 1) return undefined;
  const count = row.readUInt32BE(14);
  const hasKept = row[1] === 1;
  if (row.length !== HEADER + (hasKept ? count * ENTRY : 0)) return undefined;
  const head = { start: row.readUIntBE(2, 6), time: row.readUIntBE(8, 6), count };
  if (!hasKept) return { ...head, kept: undefined };
  const places = new Float64Array(count);
  const times = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    places[i] = row.readUIntBE(HEADER + i * ENTRY, 6);
    times[i] = row.readUIntBE(HEADER + i * ENTRY + 6, 6);
  }
  return { ...head, kept: { places, times } };
}
