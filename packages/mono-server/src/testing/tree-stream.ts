/** One record of `/scorpio/trees`, decoded. */
export type TreeStreamRecord =
  | {
      readonly kind: 'tree';
      readonly path: string;
      readonly oid: string;
      readonly hashes: boolean;
      readonly body: Buffer;
      readonly sizes: readonly (number | undefined)[];
    }
  | { readonly kind: 'missing'; readonly path: string }
  | { readonly kind: 'error'; readonly path: string; readonly text: string }
  | { readonly kind: 'more' };

export interface TreeStream {
  readonly commit: string;
  readonly tree: string;
  readonly records: readonly TreeStreamRecord[];
  /** Whether the end record came. */
  readonly complete: boolean;
}

/** Decodes an answer of `/scorpio/trees` by the text of the format alone, not by the encoder's code. */
export function decodeTreeStream(bytes: Buffer): TreeStream {
  let at = 40;
  const take = (length: number): Buffer => {
    const part = bytes.subarray(at, at + length);
    at += length;
    return part;
  };
  const records: TreeStreamRecord[] = [];
  const head = { commit: bytes.toString('hex', 0, 20), tree: bytes.toString('hex', 20, 40) };
  while (at < bytes.length) {
    const tag = take(1)[0];
    if (tag === 0) return { ...head, records, complete: at === bytes.length };
    if (tag === 4) {
      records.push({ kind: 'more' });
      continue;
    }
    const path = take(take(2).readUInt16BE()).toString('latin1');
    if (tag === 2) records.push({ kind: 'missing', path });
    else if (tag === 3)
      records.push({ kind: 'error', path, text: take(take(2).readUInt16BE()).toString() });
    else {
      const oid = take(20).toString('hex');
      const flags = take(1)[0] ?? 0;
      const body = Buffer.from(take(take(4).readUInt32BE()));
      const sizes: (number | undefined)[] = [];
      if ((flags & 2) !== 0)
        for (let i = countEntries(body); i > 0; i--) {
          const size = take(8).readBigUInt64BE();
          sizes.push(size === 0xffffffffffffffffn ? undefined : Number(size));
        }
      records.push({ kind: 'tree', path, oid, hashes: (flags & 1) !== 0, body, sizes });
    }
  }
  return { ...head, records, complete: false };
}

function countEntries(body: Buffer): number {
  let count = 0;
  for (let at = 0; at < body.length; count++) at = body.indexOf(0, at) + 21;
  return count;
}
