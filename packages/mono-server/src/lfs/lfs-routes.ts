import type { Hono } from 'hono';
import { z } from 'zod';
import type { AppEnv, Ctx } from '../http/context.js';
import { HttpFailure } from '../http/failure.js';
import { query } from '../http/query.js';
import { rawPath } from '../http/raw-path.js';
import { BodyWriter, sendBytes } from '../http/reply.js';
import { bodyStream, readJson } from '../http/request-body.js';
import type { ServerContext } from '../server-context.js';
import { batch, batchSchema } from './batch.js';
import { LfsLocks, lockSchema } from './locks.js';
import { LfsStore } from './lfs-store.js';

const TYPE = { 'content-type': 'application/vnd.git-lfs+json' };
const JSON_TYPES = /^application\/(?:vnd\.git-lfs\+json|json)\b/i;
/** The three prefixes under which the same handlers answer (§3.1). */
const PREFIX = /^(?:\/api\/v1\/lfs|(?:\/.*)?\/info\/lfs)(\/(?:objects|locks)(?:\/.*)?)$/;

/** Git LFS (ch. 3): batch, objects, locks. No login anywhere, as in the original. */
export function lfsRoutes(app: Hono<AppEnv>, context: ServerContext): void {
  const store = new LfsStore(context.mono.dataDir);
  const locks = new LfsLocks();
  const send = (c: Ctx, status: number, value: unknown): Response =>
    sendBytes(c, status, TYPE, Buffer.from(JSON.stringify(value)));

  const handle = async (c: Ctx, rest: string): Promise<Response | undefined> => {
    const method = c.env.incoming.method ?? '';
    if (method === 'POST' && rest === '/objects/batch') {
      const request = await readJson(c, batchSchema, JSON_TYPES);
      return send(c, 200, await batch(store, request, context.baseUrl()));
    }
    const oid = /^\/objects\/([0-9a-f]{64})$/.exec(rest)?.[1];
    if (oid !== undefined && method === 'PUT') {
      await store.write(oid, bodyStream(c.env.incoming) as AsyncIterable<Buffer>);
      return sendBytes(c, 200, TYPE, new Uint8Array());
    }
    if (oid !== undefined && (method === 'GET' || method === 'HEAD'))
      return download(c, store, oid);
    if (rest === '/locks' && (method === 'GET' || method === 'HEAD')) {
      const { refspec = '' } = query(c, 'refspec');
      return send(c, 200, { locks: locks.list(refspec), next_cursor: '' });
    }
    if (rest === '/locks' && method === 'POST') {
      const { path, ref } = await readJson(c, lockSchema, JSON_TYPES);
      const { made, lock } = locks.add(ref?.name ?? '', path);
      if (made) return send(c, 201, { lock });
      return send(c, 409, { lock, message: 'the path is locked' });
    }
    if (rest === '/locks/verify' && method === 'POST') {
      const { ref } = await readJson(c, lockSchema.pick({ ref: true }), JSON_TYPES);
      return send(c, 200, { ours: locks.list(ref?.name ?? ''), theirs: [], next_cursor: '' });
    }
    const id = /^\/locks\/([0-9a-f-]{36})\/unlock$/.exec(rest)?.[1];
    if (id !== undefined && method === 'POST') {
      await readJson(c, z.object({ force: z.boolean().nullish() }), JSON_TYPES);
      const lock = locks.remove(id);
      if (lock === undefined) throw new HttpFailure(404, 'no such lock');
      return send(c, 200, { lock });
    }
    return undefined;
  };

  app.use('*', async (c, next) => {
    const rest = PREFIX.exec(rawPath(c))?.[1];
    if (rest === undefined) return next();
    try {
      return (await handle(c, rest)) ?? (await next());
    } catch (error) {
      if (!(error instanceof HttpFailure)) throw error;
      return send(c, error.status, { message: error.message });
    }
  });
}

async function download(c: Ctx, store: LfsStore, oid: string): Promise<Response> {
  if ((await store.size(oid)) === undefined) throw new HttpFailure(404, 'Not found');
  const writer = new BodyWriter(c, 200, { 'content-type': 'application/octet-stream' });
  if (writer.isHead) return writer.end();
  for await (const chunk of store.read(oid) as AsyncIterable<Buffer>)
    if (!(await writer.write(chunk))) return writer.abort();
  return writer.end();
}
