import type { Hono } from 'hono';
import type { AppEnv } from '../http/context.js';
import { sendJson } from '../http/reply.js';
import { route } from '../http/routes.js';
import type { ServerContext } from '../server-context.js';
import { getBlob } from './blob.js';
import { getCommitInfo } from './commit-info.js';
import { getContentHash } from './content-hash.js';
import { getDirHash } from './dir-hash.js';
import { getFileBlob } from './file-blob.js';
import { getFileTree } from './file-tree.js';
import { getLatestCommit } from './latest-commit.js';
import { getPathCanClone } from './path-can-clone.js';
import { getTree } from './tree.js';

/** The read surface a filesystem needs: no login, no state. */
export function readRoutes(app: Hono<AppEnv>, context: ServerContext): void {
  route(app, '/api/v1/status', { GET: (c) => sendJson(c, 200, 'http ready') });
  route(app, '/api/v1/tree', { GET: getTree(context) });
  route(app, '/api/v1/tree/content-hash', { GET: getContentHash(context) });
  route(app, '/api/v1/tree/dir-hash', { GET: getDirHash(context) });
  route(app, '/api/v1/tree/commit-info', { GET: getCommitInfo(context) });
  route(app, '/api/v1/tree/path-can-clone', { GET: getPathCanClone(context) });
  route(app, '/api/v1/latest-commit', { GET: getLatestCommit(context) });
  route(app, '/api/v1/blob', { GET: getBlob(context) });
  route(app, '/api/v1/file/blob/:oid', { GET: getFileBlob(context) });
  route(app, '/api/v1/file/tree', { GET: getFileTree(context) });
}
