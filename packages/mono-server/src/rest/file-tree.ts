import type { Handler } from '../http/context.js';
import { query } from '../http/query.js';
import { sendBytes } from '../http/reply.js';
import { directoryAt } from '../mono/snapshot.js';
import type { ServerContext } from '../server-context.js';
import { components } from '../tree/repo-path.js';

const HEADERS = {
  'content-type': 'application/octet-stream',
  'content-disposition': 'inline; filename=""',
};

/**
 * GET /file/tree: the tree object's body at the present head, in stored order. `oid` is a guard, not a key: anything
 * but the directory's id gives no bytes (M22, M23).
 */
export const getFileTree =
  ({ mono, faults }: ServerContext): Handler =>
  async (c) => {
    const { path = '/', oid } = query(c, 'path', 'oid');
    const tree = await directoryAt(mono, components(path), '');
    const wanted = tree !== undefined && (oid === undefined || oid === '' || oid === tree);
    const body = wanted ? await mono.store.tree(tree) : undefined;
    return sendBytes(
      c,
      200,
      HEADERS,
      body === undefined ? Buffer.alloc(0) : faults.content(tree ?? '', body),
    );
  };
