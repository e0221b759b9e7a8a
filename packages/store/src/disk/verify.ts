import type { FileHandle } from 'node:fs/promises';
import { BlobHasher, hashObject, SourceError, type Oid } from '@scorpiofs/objects';

/** SHA-1 of this much takes about a millisecond. */
const CHUNK = 1024 * 1024;

/** C04: a content under another id than its own is an error of whoever sent it; nothing of it is kept. */
export function wrongContent(oid: Oid, found: Oid | undefined): SourceError {
  const what = found === undefined ? 'has another length than was told' : `hashes to ${found}`;
  return new SourceError('broken', `content of ${oid} ${what}`);
}

export function verifyBlob(oid: Oid, data: Uint8Array): void {
  const found = hashObject('blob', data);
  if (found !== oid) throw wrongContent(oid, found);
}

/** The id of a file's content, read in pieces without holding up the event loop. */
export async function hashFile(file: FileHandle): Promise<Oid | undefined> {
  const { size } = await file.stat();
  const hasher = new BlobHasher(size);
  const buffer = Buffer.allocUnsafe(Math.min(CHUNK, size));
  for (let position = 0; position < size;) {
    const { bytesRead } = await file.read(buffer, 0, buffer.length, position);
    if (bytesRead === 0) break;
    hasher.update(buffer.subarray(0, bytesRead));
    position += bytesRead;
  }
  return hasher.digest();
}

export function* slices(data: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < data.length; at += CHUNK) yield data.subarray(at, at + CHUNK);
}
