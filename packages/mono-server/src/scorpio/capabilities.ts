import type { Handler } from '../http/context.js';
import { sendJson } from '../http/reply.js';

/** Most ids or directories that one request may name. */
export const MAX_BATCH = 4096;

/** GET /scorpio/capabilities: how a client finds out that this server offers more than Mega (decision D10). */
export const getCapabilities: Handler = (c) =>
  sendJson(c, 200, {
    version: 1,
    sizes_in_trees: true,
    tree_levels: true,
    blob_batches: true,
    max_batch: MAX_BATCH,
  });
