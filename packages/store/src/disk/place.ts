/** Where a small content lies. Segment numbers are never used again, so a place in one that is gone means "not here". */
export interface Place {
  readonly segment: number;
  /** Of the content itself, behind its record's header. */
  readonly offset: number;
  readonly length: number;
}

export const PLACE_BYTES = 12;

export function encodePlace(place: Place): Buffer {
  const row = Buffer.allocUnsafe(PLACE_BYTES);
  row.writeUInt32BE(place.segment, 0);
  row.writeUInt32BE(place.offset, 4);
  row.writeUInt32BE(place.length, 8);
  return row;
}

/** Undefined for a row of another shape. */
export function decodePlace(row: Buffer): Place | undefined {
  if (row.length !== PLACE_BYTES) return undefined;
  return { segment: row.readUInt32BE(0), offset: row.readUInt32BE(4), length: row.readUInt32BE(8) };
}
