import type { Handler } from '../http/context.js';
import { query } from '../http/query.js';
import { sendData } from '../http/reply.js';
import type { ServerContext } from '../server-context.js';
import { components, joinPath } from '../tree/repo-path.js';

/** GET /tree/path-can-clone (M26): below the import directory only registered repositories can be cloned. */
export const getPathCanClone =
  ({ mono }: ServerContext): Handler =>
  (c) => {
    const { path = '/' } = query(c, 'path');
    const full = joinPath(components(path));
    const outside = full !== mono.importDir && !mono.isBelowImportDir(full);
    return sendData(c, outside || mono.state.imports[full] !== undefined);
  };
