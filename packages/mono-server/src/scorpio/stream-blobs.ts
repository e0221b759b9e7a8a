import type { ContentProcess } from '../git/content-process.js';
import type { ObjectStore } from '../git/object-store.js';
import type { Faults } from '../faults/faults.js';
import type { BodyWriter } from '../http/reply.js';
import { Chunker } from './chunker.js';

const BLOB = 1;
const MISSING = 2;
/** Pieces this large go out as they come; smaller ones are worth gathering. */
const GATHER_BELOW = 32 * 1024;

/**
 * Streams many objects from one git process into one body at the reader's pace. Resolves to false when the reader went away or
 * git failed: the body then must not be ended as if it were complete.
 */
export function streamBlobs(
  store: ObjectStore,
  faults: Faults,
  oids: readonly string[],
  writer: BodyWriter,
): Promise<boolean> {
  if (oids.length === 0) return Promise.resolve(true);
  return store.stream((process) => run(process, faults, oids, writer));
}

function run(
  process: ContentProcess,
  faults: Faults,
  oids: readonly string[],
  writer: BodyWriter,
): Promise<boolean> {
  return new Promise<boolean>((resolve) => {
    const chunker = new Chunker();
    let sending = false;
    let failed = false;
    let left = oids.length;
    let queue: Buffer[] = [];

    const pump = async (): Promise<void> => {
      if (sending) return;
      sending = true;
      while (queue.length > 0 && !failed) {
        const chunks = queue;
        queue = [];
        for (const chunk of chunks) {
          if (await writer.write(chunk)) continue;
          failed = true;
          break;
        }
      }
      sending = false;
      if (failed) resolve(false);
      else if (left === 0) resolve(true);
      else process.resume();
    };
    const flush = (all: boolean): void => {
      queue.push(...chunker.take(all));
      if (queue.length === 0) return;
      process.pause();
      void pump();
    };
    const done = (): void => {
      left -= 1;
      if (left > 0) return;
      flush(true);
      void pump();
    };

    process.request(oids, (index) => {
      const oid = oids[index] ?? '';
      let remaining = 0;
      let isBlob = true;
      const header = (tag: number, length: number): Buffer => {
        const place = chunker.reserve(length);
        place[0] = tag;
        place.write(oid, 1, 'hex');
        return place;
      };
      return {
        start: (_oid, type, size) => {
          isBlob = type === 'blob';
          if (!isBlob) return void header(MISSING, 21);
          remaining = size;
          header(BLOB, 29).writeBigUInt64BE(BigInt(size), 21);
        },
        data: (chunk) => {
          if (!isBlob || failed) return;
          remaining -= chunk.length;
          const bytes = faults.corrupts ? faults.content(oid, chunk, remaining === 0) : chunk;
          if (bytes.length < GATHER_BELOW) {
            chunker.push(bytes);
            if (chunker.ready) flush(false);
          } else {
            queue.push(...chunker.take(true), bytes);
            flush(false);
          }
        },
        end: done,
        missing: () => {
          header(MISSING, 21);
          done();
        },
        fail: () => resolve(false),
      };
    });
  });
}
