import { SizesError, SourceError, type Oid, type RequestOptions } from '@scorpiofs/objects';
import { blobSize } from './blob-size.js';
import { concurrent } from './concurrent.js';
import type { Extension } from './extension.js';
import { scorpioSizes } from './scorpio-sizes.js';
import type { Wire } from './wire.js';

/** `Source.sizes`: many in one request where the server can, else a HEAD each, several in flight (C07). */
export async function sizes(
  wire: Wire,
  extension: Extension,
  wanted: readonly Oid[],
  options: RequestOptions,
): Promise<ReadonlyMap<Oid, number>> {
  const oids = [...new Set(wanted)];
  const found = new Map<Oid, number>();
  let rest: readonly Oid[] = oids;
  // One alone costs one request either way, and HEAD is what every server knows.
  while (rest.length > 1 && extension.may('blobBatches')) {
    const batch = rest.slice(0, extension.maxBatch);
    const answer = await scorpioSizes(wire, batch, options);
    if (!answer) {
      extension.disproved('blobBatches');
      break;
    }
    extension.proved('blobBatches');
    for (const [oid, size] of answer) found.set(oid, size);
    rest = rest.slice(batch.length);
  }
  await oneByOne(wire, rest, found, options);
  return found;
}

async function oneByOne(
  wire: Wire,
  oids: readonly Oid[],
  found: Map<Oid, number>,
  { signal }: RequestOptions,
): Promise<void> {
  const failures = new Map<Oid, SourceError>();
  const answers = concurrent(
    oids,
    wire.concurrency,
    (oid, inner) => blobSize(wire, oid, { signal: inner }),
    signal,
  );
  for await (const [oid, outcome] of answers) {
    if ('error' in outcome) {
      signal?.throwIfAborted();
      const { error } = outcome;
      if (!(error instanceof SourceError) || error.kind === 'cancelled') throw error;
      failures.set(oid, error);
    } else if (outcome.value !== undefined) found.set(oid, outcome.value);
  }
  const [first] = failures.values();
  if (first) throw oids.length === 1 ? first : new SizesError(found, failures);
}
