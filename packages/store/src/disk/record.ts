import type { Oid } from '@scorpiofs/objects';

/**
 * A segment is a row of records: length (4 bytes, big-endian), object id (20 bytes), content. So what it holds can be found
 * again without the database.
 */
export const RECORD_HEADER = 24;

export function recordHeader(oid: Oid, length: number): Buffer {
  const header = Buffer.allocUnsafe(RECORD_HEADER);
  header.writeUInt32BE(length, 0);
  header.write(oid, 4, 20, 'hex');
  return header;
}

export function readRecordHeader(header: Buffer): { readonly oid: Oid; readonly length: number } {
  return { length: header.readUInt32BE(0), oid: header.toString('hex', 4, RECORD_HEADER) as Oid };
}
