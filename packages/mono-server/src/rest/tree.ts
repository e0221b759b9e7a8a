import type { Handler } from '../http/context.js';
import { query } from '../http/query.js';
import { sendData } from '../http/reply.js';
import { directoryAt } from '../mono/snapshot.js';
import type { Monorepo } from '../mono/monorepo.js';
import { toText } from '../tree/byte-text.js';
import { components } from '../tree/repo-path.js';
import type { TreeItem } from '../tree/tree-body.js';
import type { ServerContext } from '../server-context.js';
import { withPath } from './listing.js';

/** Entries of a directory; none where there is no directory, as the original answers (M08). */
export async function entriesAt(
  mono: Monorepo,
  parts: ReturnType<typeof components>,
  refs: string,
): Promise<TreeItem[]> {
  const tree = await directoryAt(mono, parts, refs);
  return tree === undefined ? [] : mono.store.entries(tree);
}

/** GET /tree: the listing, with the listings of all ancestors for the web interface. */
export const getTree =
  ({ mono }: ServerContext): Handler =>
  async (c) => {
    const { path = '/', refs = '' } = query(c, 'path', 'refs');
    const parts = components(path);
    const relative = !path.startsWith('/');
    const fileTree: Record<string, object> = {};
    for (let length = relative ? 1 : 0; length < parts.length; length++) {
      const ancestor = parts.slice(0, length);
      const key = `/${toText(ancestor.join('/'))}`;
      const items = await entriesAt(mono, ancestor, refs);
      fileTree[key] = {
        tree_items: items.map((item) => withPath(key, item)),
        total_count: items.length,
      };
    }
    const items = await entriesAt(mono, parts, refs);
    return sendData(c, {
      file_tree: fileTree,
      tree_items: items.map((item) => withPath(path, item)),
    });
  };
