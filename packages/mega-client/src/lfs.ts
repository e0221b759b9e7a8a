import type { BlobStream, RequestOptions } from '@scorpiofs/objects';
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { askStream } from './ask.js';
import { plainErrors } from './blob.js';
import { askJson } from './envelope.js';
import { broken, quote } from './failures.js';
import { lfsPlace, type LfsPlace } from './lfs-href.js';
import type { LfsPointer } from './lfs-pointer.js';
import type { Wire } from './wire.js';

/** Where one object's content can be fetched. */
export interface LfsDownload extends LfsPointer {
  readonly place: LfsPlace;
  /** To be sent along, as the server said. */
  readonly headers: Readonly<Record<string, string>>;
}

/** Objects in one question; the answer is a few hundred bytes for each. */
const BATCH = 1000;
const BATCH_PATH = '/info/lfs/objects/batch';

const objectSchema = z.object({
  oid: z.string().regex(/^[0-9a-f]{64}$/),
  size: z.number().int().min(0),
  actions: z
    .object({
      download: z
        .object({
          href: z.string(),
          header: z.record(z.string().regex(/^[A-Za-z0-9-]+$/), z.string()).nullish(),
        })
        .optional(),
    })
    .nullish(),
  error: z.object({ code: z.number(), message: z.string() }).nullish(),
});

const batchSchema = z.object({ objects: z.array(objectSchema) });

/**
 * Asks where contents are that pointer files stand for (mega: 3.2). What the server does not have is absent from the answer; a
 * failure of another kind for one of them is a `SourceError`.
 */
export async function lfsDownloads(
  wire: Wire,
  pointers: readonly LfsPointer[],
  options?: RequestOptions,
): Promise<ReadonlyMap<string, LfsDownload>> {
  const wanted = [...new Map(pointers.map(({ oid, size }) => [oid, { oid, size }])).values()];
  const found = new Map<string, LfsDownload>();
  for (let at = 0; at < wanted.length; at += BATCH) {
    const objects = wanted.slice(at, at + BATCH);
    const answer = await askBatch(wire, objects, options);
    for (const object of answer.objects) {
      const download = downloadOf(wire, object);
      if (download && objects.some(({ oid }) => oid === object.oid))
        found.set(object.oid, download);
    }
  }
  return found;
}

async function askBatch(
  wire: Wire,
  objects: readonly LfsPointer[],
  options?: RequestOptions,
): Promise<z.infer<typeof batchSchema>> {
  return await askJson(
    wire,
    {
      kind: 'lfs',
      slot: 'listing',
      method: 'POST',
      path: BATCH_PATH,
      // All four members are required, unlike in the public protocol (M47).
      json: JSON.stringify({
        operation: 'download',
        transfers: ['basic'],
        hash_algo: 'sha256',
        objects,
      }),
      limit: { total: wire.limits.listing },
      accept: 'application/vnd.git-lfs+json',
    },
    batchSchema,
    options,
  );
}

function downloadOf(
  wire: Wire,
  { oid, size, actions, error }: z.infer<typeof objectSchema>,
): LfsDownload | undefined {
  if (error) {
    if (error.code === 404) return undefined;
    throw broken(`LFS object ${oid}`, `${error.code} ${quote(error.message)}`);
  }
  const action = actions?.download;
  if (!action) throw broken(`LFS object ${oid}`, 'neither a place to fetch it nor an error');
  return { oid, size, place: lfsPlace(action.href, wire.baseUrl), headers: action.header ?? {} };
}

/**
 * Content of an object as a stream. The server checks neither size nor hash when it is given an object (mega: 3.3), so both
 * are checked here, and the stream ends with a `SourceError` where they are wrong: only a stream that ended well is the content.
 */
export async function lfsContent(
  wire: Wire,
  download: LfsDownload,
  options: RequestOptions = {},
): Promise<BlobStream> {
  const { place, headers, size } = download;
  const path = new URL(place.url).pathname;
  return await askStream(
    wire,
    {
      kind: 'lfs',
      slot: 'content',
      method: 'GET',
      path,
      elsewhere: { ...place, headers },
      limit: { idle: wire.limits.idle },
    },
    async ({ body }) => ({ size, [Symbol.asyncIterator]: () => checked(download, body) }),
    options,
  );
}

async function* checked(
  { oid, size }: LfsPointer,
  body: AsyncGenerator<Buffer, void, undefined>,
): AsyncGenerator<Uint8Array, void, undefined> {
  const hash = createHash('sha256');
  let length = 0;
  for await (const piece of plainErrors(body)) {
    length += piece.length;
    if (length > size) throw broken(`LFS object ${oid}`, `it is longer than ${size} bytes`);
    hash.update(piece);
    yield piece;
  }
  if (length !== size) throw broken(`LFS object ${oid}`, `${length} of ${size} bytes came`);
  if (hash.digest('hex') !== oid)
    throw broken(`LFS object ${oid}`, 'the content does not have this id');
}
