/** A u64 size; undefined for 2^64-1 ("not known") and for what no file can have. */
export function readSize(bytes: Buffer, at: number): number | undefined {
  const size = bytes.readUInt32BE(at) * 2 ** 32 + bytes.readUInt32BE(at + 4);
  return Number.isSafeInteger(size) ? size : undefined;
}
