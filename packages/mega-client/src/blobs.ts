import { SourceError, type Oid, type RequestOptions } from '@scorpiofs/objects';
import { blobBytes } from './blob.js';
import { concurrent } from './concurrent.js';
import type { Extension } from './extension.js';
import { broken } from './failures.js';
import { scorpioBlobs, type BlobPart } from './scorpio-blobs.js';
import type { Wire } from './wire.js';

export interface BlobsOptions extends RequestOptions {
  /** Largest content that is held in memory, bytes. */
  readonly maxBytes: number;
}

/** `Source.blobs`: many in one answer where the server can, else a GET each, several in flight. */
export async function* blobs(
  wire: Wire,
  extension: Extension,
  wanted: readonly Oid[],
  options: BlobsOptions,
): AsyncGenerator<BlobPart, void, undefined> {
  const open = new Set(wanted);
  if (open.size > 1) yield* inBatches(wire, extension, open, options);
  yield* oneByOne(wire, [...open], options);
}

/** Takes from `open` what it yields; what is left is to be asked for singly. */
async function* inBatches(
  wire: Wire,
  extension: Extension,
  open: Set<Oid>,
  options: BlobsOptions,
): AsyncGenerator<BlobPart, void, undefined> {
  let fruitless = 0;
  while (open.size > 0 && extension.may('blobBatches')) {
    const batch = [...open].slice(0, extension.maxBatch);
    const before = open.size;
    const result = yield* oneBatch(wire, extension, batch, open, options);
    if (result === 'plain') return;
    // An answer that broke off is asked on for, and what brought nothing is asked again a bounded number of times.
    fruitless = open.size === before ? fruitless + 1 : 0;
    if (fruitless === 0 || (result.again && fruitless < wire.retry.attempts)) continue;
    for (const oid of batch) {
      open.delete(oid);
      yield { oid, error: result.failure };
    }
  }
}

async function* oneBatch(
  wire: Wire,
  extension: Extension,
  batch: readonly Oid[],
  open: Set<Oid>,
  { signal, maxBytes }: BlobsOptions,
): AsyncGenerator<BlobPart, 'plain' | { failure: SourceError; again: boolean }, undefined> {
  let parts;
  try {
    parts = await scorpioBlobs(wire, batch, maxBytes, signal ? { signal } : {});
    if (!parts) extension.disproved('blobBatches');
  } catch (error) {
    return { failure: failureOf(error, signal), again: false };
  }
  if (!parts) return 'plain';
  extension.proved('blobBatches');
  try {
    for await (const part of parts) {
      open.delete(part.oid);
      yield part;
    }
  } catch (error) {
    wire.counters.failed();
    return { failure: failureOf(error, signal), again: true };
  }
  return { failure: broken('contents', 'the server answers for none'), again: false };
}

async function* oneByOne(
  wire: Wire,
  oids: readonly Oid[],
  { signal, maxBytes }: BlobsOptions,
): AsyncGenerator<BlobPart, void, undefined> {
  const answers = concurrent(
    oids,
    wire.concurrency,
    (oid, inner) => blobBytes(wire, oid, maxBytes, { signal: inner }),
    signal,
  );
  for await (const [oid, outcome] of answers) {
    if ('value' in outcome) yield { oid, data: outcome.value };
    else yield { oid, error: failureOf(outcome.error, signal) };
  }
}

function failureOf(error: unknown, signal: AbortSignal | undefined): SourceError {
  signal?.throwIfAborted();
  if (error instanceof SourceError && error.kind !== 'cancelled') return error;
  throw error;
}
