import type { Handler } from '../http/context.js';
import { HttpFailure } from '../http/failure.js';
import { query } from '../http/query.js';
import { sendData } from '../http/reply.js';
import { placeRoot } from '../mono/snapshot.js';
import type { ServerContext } from '../server-context.js';
import { lookupEntry } from '../tree/lookup.js';
import { components } from '../tree/repo-path.js';
import { isDirectory, SUBMODULE } from '../tree/tree-body.js';

const LIMIT = 64 * 1024 * 1024;

/** GET /blob: a text file's content, or null. Where the original breaks down on content that is not UTF-8, this one says 400. */
export const getBlob =
  ({ mono }: ServerContext): Handler =>
  async (c) => {
    const { path = '/', refs = '' } = query(c, 'path', 'refs');
    const root = await placeRoot(mono, components(path), refs);
    const entry =
      root === undefined ? undefined : await lookupEntry(mono.store, root.tree, root.parts);
    if (entry === undefined || isDirectory(entry) || entry.mode === SUBMODULE)
      return sendData(c, null);
    const body = await mono.store.smallBlob(entry.oid, LIMIT);
    if (body === undefined) return sendData(c, null);
    try {
      return sendData(c, new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body));
    } catch {
      throw new HttpFailure(400, 'Bad request: the content is not UTF-8 text');
    }
  };
