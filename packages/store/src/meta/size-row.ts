export function encodeSize(size: number): Buffer {
  const row = Buffer.allocUnsafe(6);
  row.writeUIntBE(size, 0, 6);
  return row;
}

/** Undefined for a row of another shape. */
export function decodeSize(row: Buffer): number | undefined {
  return row.length === 6 ? row.readUIntBE(0, 6) : undefined;
}

/** What a server can truthfully say: a number of bytes that a row can hold. */
export function isSize(size: number): boolean {
  return Number.isSafeInteger(size) && size >= 0 && size < 2 ** 48;
}
