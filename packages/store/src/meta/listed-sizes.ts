/** Bytes of a size in a row. */
export const SIZE = 6;
const HALF = 2 ** 32;
const NONE = 2 ** 48 - 1;
const UNKNOWN = -1;

/** Sizes of a listing by position; what is not known (-1), or larger than a row can hold, is not known afterwards. */
export function encodeSizes(sizes: readonly number[], row: Buffer, at: number): void {
  let place = at;
  for (const size of sizes) {
    const value = size < 0 || size > NONE ? NONE : size;
    const [high, low] = [Math.floor(value / HALF), value % HALF];
    row[place] = high >>> 8;
    row[place + 1] = high;
    row[place + 2] = low >>> 24;
    row[place + 3] = low >>> 16;
    row[place + 4] = low >>> 8;
    row[place + 5] = low;
    place += SIZE;
  }
}

export function decodeSizes(row: Buffer, at: number, count: number): number[] {
  const sizes: number[] = [];
  for (let place = at; sizes.length < count; place += SIZE) sizes.push(sizeAt(row, place));
  return sizes;
}

export function sizeAt(row: Buffer, at: number): number {
  const value = row.readUInt16BE(at) * HALF + row.readUInt32BE(at + 2);
  return value === NONE ? UNKNOWN : value;
}
