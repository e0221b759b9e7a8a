export interface BlobStreamAnswer {
  readonly blobs: ReadonlyMap<string, Buffer>;
  readonly missing: readonly string[];
  readonly errors: ReadonlyMap<string, string>;
  readonly complete: boolean;
}

/** Decodes an answer of `/scorpio/blobs` by the text of the format. */
export function decodeBlobStream(bytes: Buffer): BlobStreamAnswer {
  const blobs = new Map<string, Buffer>();
  const missing: string[] = [];
  const errors = new Map<string, string>();
  let at = 0;
  while (at < bytes.length) {
    const tag = bytes[at];
    if (tag === 0) return { blobs, missing, errors, complete: at + 1 === bytes.length };
    const oid = bytes.toString('hex', at + 1, at + 21);
    at += 21;
    if (tag === 2) missing.push(oid);
    else if (tag === 3) {
      const length = bytes.readUInt16BE(at);
      errors.set(oid, bytes.toString('utf8', at + 2, at + 2 + length));
      at += 2 + length;
    } else {
      const length = Number(bytes.readBigUInt64BE(at));
      blobs.set(oid, bytes.subarray(at + 8, at + 8 + length));
      at += 8 + length;
    }
  }
  return { blobs, missing, errors, complete: false };
}
