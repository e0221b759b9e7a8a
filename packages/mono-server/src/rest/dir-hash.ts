import type { Handler } from '../http/context.js';
import { query } from '../http/query.js';
import { sendData } from '../http/reply.js';
import { directoryAt, snapshotTree } from '../mono/snapshot.js';
import type { ServerContext } from '../server-context.js';
import { toText } from '../tree/byte-text.js';
import { components } from '../tree/repo-path.js';
import { isDirectory } from '../tree/tree-body.js';

/**
 * GET /tree/dir-hash: one directory's id, as its parent states it. The parent's repository answers, so an import repository
 * shows its placeholder here (§4.4); the root is in no listing (M09).
 */
export const getDirHash =
  ({ mono }: ServerContext): Handler =>
  async (c) => {
    const { path = '/', refs = '' } = query(c, 'path', 'refs');
    const parts = components(path);
    const name = parts.at(-1);
    if (name === undefined) {
      await snapshotTree(mono, refs);
      return sendData(c, []);
    }
    const parent = await directoryAt(mono, parts.slice(0, -1), refs);
    const items = parent === undefined ? [] : await mono.store.entries(parent);
    const found = items.find((item) => item.name === name && isDirectory(item));
    return sendData(
      c,
      found === undefined
        ? []
        : [{ name: toText(name), content_type: 'directory', oid: found.oid }],
    );
  };
