/** Widths of the kernel's fields. All little-endian on the machines supported (x64, arm64). */
export type Kind = 'u16' | 'u32' | 's32' | 'u64' | 's64';

declare const kind: unique symbol;

/** Where a field of kind K lies in its structure. The brand keeps a u64 from being read as a u32. */
export type At<K extends Kind> = number & { readonly [kind]: K };

export type Fields = Readonly<Record<string, Kind>>;

export interface Struct<F extends Fields = Fields> {
  readonly name: string;
  /** Bytes, as the kernel's C structure (the tables name the padding). */
  readonly size: number;
  readonly fields: F;
  readonly at: { readonly [K in keyof F]: At<F[K]> };
}

const WIDTH: Readonly<Record<Kind, number>> = { u16: 2, u32: 4, s32: 4, u64: 8, s64: 8 };

/** A structure of the wire protocol: fields in the kernel's order, each aligned to its own width. */
export function struct<const F extends Fields>(name: string, fields: F): Struct<F> {
  const at: Record<string, number> = {};
  let size = 0;
  for (const [field, width] of Object.entries(fields).map(([f, k]) => [f, WIDTH[k]] as const)) {
    if (size % width !== 0) throw new Error(`${name}.${field} is not aligned: padding is missing`);
    at[field] = size;
    size += width;
  }
  return { name, size, fields, at: at as Struct<F>['at'] };
}

const HIGH = 2 ** 32;

export function getU16(b: Buffer, base: number, at: At<'u16'>): number {
  return b.readUInt16LE(base + at);
}

export function getU32(b: Buffer, base: number, at: At<'u32'>): number {
  return b.readUInt32LE(base + at);
}

export function getS32(b: Buffer, base: number, at: At<'s32'>): number {
  return b.readInt32LE(base + at);
}

/** Exact up to 2^53 - 1, which node ids, handles and offsets do not exceed by contract. */
export function getU64(b: Buffer, base: number, at: At<'u64'>): number {
  return b.readUInt32LE(base + at) + b.readUInt32LE(base + at + 4) * HIGH;
}

/** Halves of a number that is only handed back, such as a request's `unique`, which uses all 64 bits. */
export function getU64Low(b: Buffer, base: number, at: At<'u64'>): number {
  return b.readUInt32LE(base + at);
}

export function getU64High(b: Buffer, base: number, at: At<'u64'>): number {
  return b.readUInt32LE(base + at + 4);
}

export function putU64Halves(
  b: Buffer,
  base: number,
  at: At<'u64'>,
  low: number,
  high: number,
): void {
  b.writeUInt32LE(low, base + at);
  b.writeUInt32LE(high, base + at + 4);
}

export function getBigU64(b: Buffer, base: number, at: At<'u64'>): bigint {
  return b.readBigUInt64LE(base + at);
}

/** Throws a RangeError for what does not fit: a reply that cannot be encoded must become EIO, not another number. */
export function putU32(b: Buffer, base: number, at: At<'u32'>, value: number): void {
  b.writeUInt32LE(value, base + at);
}

export function putS32(b: Buffer, base: number, at: At<'s32'>, value: number): void {
  b.writeInt32LE(value, base + at);
}

export function putU64(b: Buffer, base: number, at: At<'u64'>, value: number): void {
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`not a u64: ${value}`);
  b.writeUInt32LE(value >>> 0, base + at);
  b.writeUInt32LE(Math.floor(value / HIGH), base + at + 4);
}

export function putBigU64(b: Buffer, base: number, at: At<'u64'>, value: bigint): void {
  const number = Number(value);
  // Nearly all are below 2^53, where halves are exact and cost a tenth of the arithmetic with big numbers.
  if (number >= 0 && number < 2 ** 53) putU64(b, base, at, number);
  else b.writeBigUInt64LE(value, base + at);
}

/** Seconds since 1970 may be negative although the kernel's field is unsigned: two's complement. */
export function putSeconds(b: Buffer, base: number, at: At<'u64'>, value: number): void {
  b.writeUInt32LE(value >>> 0, base + at);
  b.writeInt32LE(Math.floor(value / HIGH), base + at + 4);
}

/** All fields by name, for traces and tests; the hot path reads single fields. */
export function decodeStruct(
  of: Struct,
  b: Buffer,
  base: number,
): Readonly<Record<string, number | bigint>> {
  const decoded: Record<string, number | bigint> = {};
  for (const [field, width] of Object.entries(of.fields)) {
    const at = base + (of.at[field] ?? 0);
    if (width === 'u16') decoded[field] = b.readUInt16LE(at);
    else if (width === 'u32') decoded[field] = b.readUInt32LE(at);
    else if (width === 's32') decoded[field] = b.readInt32LE(at);
    else if (width === 'u64') decoded[field] = b.readBigUInt64LE(at);
    else decoded[field] = b.readBigInt64LE(at);
  }
  return decoded;
}

/** Bytes of a structure from values by name; absent fields are 0. For tests and other cold paths. */
export function encodeStruct<F extends Fields>(
  of: Struct<F>,
  values: { readonly [K in keyof F]?: number | bigint },
): Buffer {
  const b = Buffer.alloc(of.size);
  for (const [field, width] of Object.entries<Kind>(of.fields)) {
    const value = values[field] ?? 0;
    const at = of.at[field] ?? 0;
    if (width === 'u16') b.writeUInt16LE(Number(value), at);
    else if (width === 'u32') b.writeUInt32LE(Number(value), at);
    else if (width === 's32') b.writeInt32LE(Number(value), at);
    else if (width === 'u64') b.writeBigUInt64LE(BigInt(value), at);
    else b.writeBigInt64LE(BigInt(value), at);
  }
  return b;
}
