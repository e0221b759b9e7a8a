import { EMPTY_BLOB, SourceError, type Oid, type RequestOptions } from '@scorpiofs/objects';
import { ask } from './ask.js';
import type { Answer } from './exchange.js';
import { blobPath } from './blob.js';
import { byStatus } from './failures.js';
import { AttemptError } from './retry.js';
import type { Wire } from './wire.js';

/**
 * Size of a blob by HEAD (C07), undefined where the server does not have it, has lost it (409), or answers as old servers
 * did, 404 with an empty body (C16).
 */
export async function blobSize(
  wire: Wire,
  oid: Oid,
  options: RequestOptions,
): Promise<number | undefined> {
  if (oid === EMPTY_BLOB) return 0;
  const size = await ask(
    wire,
    {
      kind: 'size',
      slot: 'size',
      method: 'HEAD',
      path: blobPath(oid),
      limit: { total: wire.limits.listing },
      accepts: [404, 409],
    },
    async ({ status, size: declared, headers }) => {
      if (status === 200) return declared ?? 'untold';
      if (status === 404 && !isOwn(headers['content-type'], declared))
        throw new AttemptError(byStatus(blobPath(oid), status, { own: false }), 'later');
      return undefined;
    },
    options,
  );
  // A proxy that streams takes the length away; then only the content tells.
  return size === 'untold' ? await counted(wire, oid, options) : size;
}

/** A HEAD has no words, but shows their kind: the server's are JSON, or nothing; a proxy's are a page (D6). */
function isOwn(type: string | string[] | undefined, length: number | undefined): boolean {
  return (typeof type === 'string' && type.startsWith('application/json')) || !length;
}

async function counted(wire: Wire, oid: Oid, options: RequestOptions): Promise<number | undefined> {
  try {
    return await ask(
      wire,
      {
        kind: 'size',
        slot: 'content',
        method: 'GET',
        path: blobPath(oid),
        limit: { idle: wire.limits.idle },
      },
      lengthOf,
      options,
    );
  } catch (error) {
    if (error instanceof SourceError && error.kind === 'missing') return undefined;
    throw error;
  }
}

async function lengthOf(answer: Answer): Promise<number> {
  let length = 0;
  for await (const piece of answer.body) length += piece.length;
  return length;
}
