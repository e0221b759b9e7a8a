import type { Handler } from '../http/context.js';
import { query } from '../http/query.js';
import { sendData } from '../http/reply.js';
import type { ServerContext } from '../server-context.js';
import { toText } from '../tree/byte-text.js';
import { components } from '../tree/repo-path.js';
import { byTypeAndName, contentType } from './listing.js';
import { entriesAt } from './tree.js';

/** GET /tree/content-hash: names with object ids (M06–M08). */
export const getContentHash =
  ({ mono }: ServerContext): Handler =>
  async (c) => {
    const { path = '/', refs = '' } = query(c, 'path', 'refs');
    const items = await entriesAt(mono, components(path), refs);
    return sendData(
      c,
      items.toSorted(byTypeAndName).map((item) => ({
        name: toText(item.name),
        content_type: contentType(item),
        oid: item.oid,
      })),
    );
  };
