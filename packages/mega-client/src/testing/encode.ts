/** The extension's streams as a server would write them, built field by field from their description. */
const u8 = (value: number) => Buffer.from([value]);

function u16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

function u64(value: bigint | number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(value));
  return bytes;
}

const id = (oid: string) => Buffer.from(oid, 'hex');
const text = (value: string) => Buffer.concat([u16(value.length), Buffer.from(value, 'latin1')]);

export const UNKNOWN = 2n ** 64n - 1n;

export const encode = {
  head: (commit: string, tree: string) => Buffer.concat([id(commit), id(tree)]),
  tree: (path: string, oid: string, body: Buffer, sizes?: readonly (bigint | number)[]) =>
    Buffer.concat([
      u8(1),
      text(path),
      id(oid),
      u8(sizes ? 3 : 1),
      u32(body.length),
      body,
      ...(sizes ?? []).map(u64),
    ]),
  missing: (path: string) => Buffer.concat([u8(2), text(path)]),
  error: (path: string, why: string) => Buffer.concat([u8(3), text(path), text(why)]),
  more: () => u8(4),
  end: () => u8(0),
  size: (oid: string, size: bigint | number) => Buffer.concat([id(oid), u64(size)]),
  blob: (oid: string, data: Buffer) => Buffer.concat([u8(1), id(oid), u64(data.length), data]),
  blobMissing: (oid: string) => Buffer.concat([u8(2), id(oid)]),
  blobError: (oid: string, why: string) => Buffer.concat([u8(3), id(oid), text(why)]),
};
