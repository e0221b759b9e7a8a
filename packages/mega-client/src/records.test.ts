import { expect, test } from '@jest/globals';
import { SourceError } from '@scorpiofs/objects';
import fc from 'fast-check';
import { Accumulator } from './accumulator.js';
import { records, type ReadRecord } from './records.js';
import { blobReader } from './scorpio-blobs.js';
import { readSizeRecord } from './scorpio-sizes.js';
import { cut } from './testing/cut.js';
import { encode, UNKNOWN } from './testing/encode.js';

const A = 'a'.repeat(40);
const B = 'b'.repeat(40);

async function read<T>(whole: Buffer, places: readonly number[], one: ReadRecord<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const record of records(cut(whole, places), one, 'test')) found.push(record);
  return found;
}

const BLOBS = Buffer.concat([
  encode.blob(A, Buffer.from('some content')),
  encode.blobMissing(B),
  encode.blobError(A, 'lost'),
  encode.blob(B, Buffer.alloc(0)),
  encode.blob(B, Buffer.alloc(200, 1)),
  encode.end(),
]);

const SIZES = Buffer.concat([encode.size(A, 5), encode.size(B, UNKNOWN), encode.size(B, 2 ** 40)]);

test('D10: contents and sizes are the same wherever the stream is cut', async () => {
  const blobs = await read(BLOBS, [], blobReader(1000));
  expect(blobs.map(({ tag }) => tag)).toEqual(['blob', 'missing', 'error', 'blob', 'blob', 'end']);
  const sizes = await read(SIZES, [], readSizeRecord);
  expect(sizes.map(({ size }) => size)).toEqual([5, undefined, 2 ** 40]);
  const places = fc.array(fc.nat(BLOBS.length), { maxLength: 60 });
  await fc.assert(
    fc.asyncProperty(places, async (at) => {
      expect(await read(BLOBS, at, blobReader(1000))).toEqual(blobs);
      expect(await read(SIZES, at, readSizeRecord)).toEqual(sizes);
    }),
    { numRuns: 60 },
  );
});

test('D10: rubbish is a SourceError or records, never another error', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), fc.nat(), async (bytes, at) => {
      const outcome = await read(Buffer.from(bytes), [at], blobReader(1000)).catch(
        (error: unknown) => error,
      );
      expect(Array.isArray(outcome) || outcome instanceof SourceError).toBe(true);
    }),
    { numRuns: 200 },
  );
});

test('D7: a content that claims more than is held in memory is reported from its head alone', async () => {
  const head = encode.blob(A, Buffer.alloc(2000)).subarray(0, 29);
  const step = blobReader(1000)(head);
  expect(step).toMatchObject({ record: { tag: 'oversized', oid: A } });
});

test('the accumulator gives back exactly the bytes that went in, however they are taken', () => {
  const sizes = fc.array(fc.tuple(fc.nat(300), fc.nat(300)), { maxLength: 40 });
  fc.assert(
    fc.property(sizes, (steps) => {
      const pending = new Accumulator();
      let next = 0;
      let taken = 0;
      for (const [append, take] of steps) {
        const piece = Buffer.from(Array.from({ length: append }, () => (next += 1) % 251));
        // A piece belongs to whoever gave it: writing beyond it would show here.
        pending.append(Buffer.concat([piece, Buffer.from('guard')]).subarray(0, append));
        const count = Math.min(take, pending.length);
        for (const byte of pending.view().subarray(0, count)) expect(byte).toBe((taken += 1) % 251);
        pending.skip(count);
        expect(pending.length).toBe(next - taken);
      }
    }),
    { numRuns: 100 },
  );
});
