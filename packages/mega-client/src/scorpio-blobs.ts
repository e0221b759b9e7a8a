import type { Oid, RequestOptions, SourceError } from '@scorpiofs/objects';
import { askStream } from './ask.js';
import type { Answer } from './exchange.js';
import { broken, missing, quote, refused } from './failures.js';
import { records, type Step } from './records.js';
import { AttemptError } from './retry.js';
import { NO_ROUTE, isExtension } from './scorpio-route.js';
import { readSize } from './size-field.js';
import type { Wire } from './wire.js';

const PATH = '/api/v1/scorpio/blobs';
const TYPE = 'application/x-scorpio-blobs';

export type BlobPart =
  | { readonly oid: Oid; readonly data: Uint8Array }
  | { readonly oid: Oid; readonly error: SourceError };

/**
 * `POST /api/v1/scorpio/blobs`; undefined where the server does not know the route. The iterator throws when the
 * answer broke off: what was yielded until then is whole. It ends before the last of `oids` after a blob larger than
 * `limit`, which is reported: ask on for the others.
 */
export async function scorpioBlobs(
  wire: Wire,
  oids: readonly Oid[],
  limit: number,
  options: RequestOptions,
): Promise<AsyncGenerator<BlobPart, void, undefined> | undefined> {
  return await askStream(
    wire,
    {
      kind: 'blobs',
      slot: 'content',
      method: 'POST',
      path: PATH,
      json: JSON.stringify({ oids }),
      limit: { idle: wire.limits.idle },
      accept: TYPE,
      accepts: NO_ROUTE,
    },
    async (answer) => {
      if (!(await isExtension({ path: PATH }, answer, TYPE))) return undefined;
      return parts(answer, oids, limit);
    },
    options,
  );
}

export type BlobRecord =
  | { readonly tag: 'end' }
  | { readonly tag: 'missing'; readonly oid: Oid }
  | { readonly tag: 'error'; readonly oid: Oid; readonly text: string }
  | { readonly tag: 'oversized'; readonly oid: Oid }
  /** `data` is a copy: the caller may keep it. */
  | { readonly tag: 'blob'; readonly oid: Oid; readonly data: Uint8Array };

async function* parts(
  answer: Answer,
  oids: readonly Oid[],
  limit: number,
): AsyncGenerator<BlobPart, void, undefined> {
  const open = new Set(oids);
  let ended = false;
  try {
    for await (const record of records(answer.body, blobReader(limit), PATH)) {
      if (ended) throw broken(PATH, 'the answer goes on after its end');
      if (record.tag === 'end') {
        ended = true;
        continue;
      }
      const { oid } = record;
      if (!open.delete(oid)) throw broken(PATH, `${oid} was not asked for, or comes twice`);
      yield partOf(record, limit);
      // It would have to be read to get to the next one; leaving ends the request.
      if (record.tag === 'oversized') return;
    }
  } catch (error) {
    throw error instanceof AttemptError ? error.failure : error;
  }
  if (!ended) throw broken(PATH, 'the answer is cut off');
  if (open.size > 0) throw broken(PATH, `${open.size} contents are missing in the answer`);
}

function partOf(record: Exclude<BlobRecord, { tag: 'end' }>, limit: number): BlobPart {
  const { oid } = record;
  if (record.tag === 'blob') return { oid, data: record.data };
  const what = `blob ${oid}`;
  if (record.tag === 'oversized')
    return { oid, error: refused(what, `it has more than ${limit} bytes: ask for it alone`) };
  if (record.tag === 'missing') return { oid, error: missing(what) };
  return { oid, error: broken(what, `the server says ${quote(record.text)}`) };
}

const END = 0;
const BLOB = 1;
const MISSING = 2;
const ERROR = 3;

/** Reads one record; contents above `limit` bytes are not waited for. */
export function blobReader(limit: number): (bytes: Buffer) => Step<BlobRecord> {
  return (bytes) => {
    const tag = bytes[0];
    if (tag === END) return { record: { tag: 'end' }, length: 1 };
    if (tag !== BLOB && tag !== MISSING && tag !== ERROR) throw new Error(`unknown record ${tag}`);
    if (bytes.length < 21) return { need: 21 };
    const oid = bytes.toString('hex', 1, 21) as Oid;
    if (tag === MISSING) return { record: { tag: 'missing', oid }, length: 21 };
    if (tag === ERROR) {
      if (bytes.length < 23) return { need: 23 };
      const end = 23 + bytes.readUInt16BE(21);
      if (bytes.length < end) return { need: end };
      return { record: { tag: 'error', oid, text: bytes.toString('utf8', 23, end) }, length: end };
    }
    if (bytes.length < 29) return { need: 29 };
    const size = readSize(bytes, 21);
    if (size === undefined || size > limit)
      return { record: { tag: 'oversized', oid }, length: 29 };
    if (bytes.length < 29 + size) return { need: 29 + size };
    const data = new Uint8Array(bytes.subarray(29, 29 + size));
    return { record: { tag: 'blob', oid, data }, length: 29 + size };
  };
}
