import type { Ctx, Handler } from '../http/context.js';
import { HttpFailure } from '../http/failure.js';
import { BodyWriter, sendBytes } from '../http/reply.js';
import type { ServerContext } from '../server-context.js';
import { streamBlob } from './stream-blob.js';

const SMALL = 1024 * 1024;

function headers(oid: string): Record<string, string> {
  return {
    'content-type': 'application/octet-stream',
    'content-disposition': `inline; filename="${oid}"`,
  };
}

/** GET and HEAD /file/blob/{oid} (M16–M21). `Range` is ignored; there are no validators. */
export const getFileBlob =
  (context: ServerContext): Handler =>
  async (c) => {
    const oid = c.req.param('oid') ?? '';
    const { mono, faults, options } = context;
    try {
      if (!/^(?:[0-9a-fA-F]{40}|[0-9a-fA-F]{64})$/.test(oid))
        throw new HttpFailure(500, `malformed object id`);
      const size = isPlaceholder(context, oid) ? undefined : await mono.store.blobSize(oid);
      if (size === undefined) throw missing(oid);
      if (c.env.incoming.method === 'HEAD') return headOnly(c, oid, size);
      if (size > SMALL) return await large(c, context, oid, size);
      const body = await mono.store.smallBlob(oid, SMALL).catch(() => undefined);
      if (body === undefined) throw lost(oid);
      return sendBytes(c, 200, headers(oid), faults.content(oid, body));
    } catch (error) {
      // Before 25 February 2026 every failure was this one (§5.1).
      if (options.older === true && error instanceof HttpFailure)
        return sendBytes(c, 404, {}, Buffer.alloc(0));
      throw error;
    }
  };

function headOnly(c: Ctx, oid: string, size: number): Response {
  const writer = new BodyWriter(c, 200, { ...headers(oid), 'content-length': String(size) });
  return writer.end();
}

async function large(
  c: Ctx,
  { mono, faults }: ServerContext,
  oid: string,
  size: number,
): Promise<Response> {
  let writer: BodyWriter | undefined;
  let sent = 0;
  const end = await streamBlob(mono.store, oid, (chunk) => {
    writer ??= new BodyWriter(c, 200, { ...headers(oid), 'content-length': String(size) });
    sent += chunk.length;
    return writer.write(faults.content(oid, chunk, sent === size));
  });
  if (end === 'lost' || writer === undefined) throw lost(oid);
  return end === 'whole' ? writer.end() : writer.abort();
}

/** The lone file of an import repository's placeholder is never shown (§4.4, M52). */
function isPlaceholder({ mono }: ServerContext, oid: string): boolean {
  return Object.values(mono.state.imports).some((repository) => repository.keep === oid);
}

function missing(oid: string): HttpFailure {
  return new HttpFailure(
    404,
    `ObjStorage not found: [obj_missing_in_db_and_s3] Blob ${oid} not found in both object storage and metadata (likely never written or invalid request)`,
  );
}

/** M20: that there is such a blob was known, but its content cannot be had. Not 404: nobody may take it for a name that is not there. */
function lost(oid: string): HttpFailure {
  return new HttpFailure(
    409,
    `ObjStorage inconsistency: [obj_missing_in_s3_but_has_meta] Blob ${oid} is known, but its content is gone`,
  );
}
