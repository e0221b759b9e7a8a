import { UNKNOWN_SIZE } from './sizes.js';

const TREE = 1;
const MISSING = 2;
const ERROR = 3;
export const MORE = Buffer.from([4]);
export const END = Buffer.from([0]);

const HASHES = 1;
const SIZES = 2;
const MAX_TEXT = 1000;

function pathPart(tag: number, path: string, extra: number): { record: Buffer; at: number } {
  const record = Buffer.allocUnsafe(3 + path.length + extra);
  record[0] = tag;
  record.writeUInt16BE(path.length, 1);
  record.write(path, 3, 'latin1');
  return { record, at: 3 + path.length };
}

/** Tag 1. `sizes` holds one number per entry in body order, below 0 where unknown or no blob. */
export function treeRecord(
  path: string,
  statedOid: string,
  hashes: boolean,
  body: Buffer,
  sizes: readonly number[],
): Buffer {
  const { record, at } = pathPart(TREE, path, 25 + body.length + 8 * sizes.length);
  record.write(statedOid, at, 'hex');
  record[at + 20] = (hashes ? HASHES : 0) | SIZES;
  record.writeUInt32BE(body.length, at + 21);
  body.copy(record, at + 25);
  let place = at + 25 + body.length;
  for (const size of sizes) {
    if (size < 0) record.writeBigUInt64BE(UNKNOWN_SIZE, place);
    else {
      // Two halves: a BigInt per file would cost more than everything else here.
      record.writeUInt32BE(Math.floor(size / 0x1_0000_0000), place);
      record.writeUInt32BE(size >>> 0, place + 4);
    }
    place += 8;
  }
  return record;
}

export function missingRecord(path: string): Buffer {
  return pathPart(MISSING, path, 0).record;
}

export function treeErrorRecord(path: string, message: string): Buffer {
  const text = Buffer.from(message.slice(0, MAX_TEXT));
  const { record, at } = pathPart(ERROR, path, 2 + text.length);
  record.writeUInt16BE(text.length, at);
  text.copy(record, at + 2);
  return record;
}
