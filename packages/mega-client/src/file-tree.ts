import {
  hashObject,
  parseTree,
  type Oid,
  type RepoPath,
  type RequestOptions,
  type SafeEntries,
} from '@scorpiofs/objects';
import { ask, collect } from './ask.js';
import { broken } from './failures.js';
import { encodePath } from './path-query.js';
import { AttemptError } from './retry.js';
import type { Wire } from './wire.js';

/** Bytes of one directory; a million entries with names of 40 bytes fit. */
export const TREE_LIMIT = 64 * 1024 * 1024;

export interface ReadTree extends SafeEntries {
  /** What the body hashes to, as received. */
  readonly hash: Oid;
}

/**
 * `GET /file/tree` (mega: 1.8): the binary tree as it is *now*, undefined where the server sends nothing: no such
 * directory, or, with the guard `oid`, not the one that was asked for (M23).
 */
export async function fileTree(
  wire: Wire,
  path: RepoPath,
  oid: Oid | undefined,
  options?: RequestOptions,
): Promise<ReadTree | undefined> {
  const guard = oid === undefined ? '' : `&oid=${oid}`;
  const url = `/api/v1/file/tree?path=${encodePath(path)}${guard}`;
  return await ask(
    wire,
    {
      kind: 'listing',
      slot: 'listing',
      method: 'GET',
      path: url,
      limit: { total: wire.limits.listing },
      compressible: true,
    },
    async (answer) => {
      const body = await collect(answer, url, TREE_LIMIT);
      return body.length === 0 ? undefined : readTree(url, body);
    },
    options,
  );
}

function readTree(what: string, body: Buffer): ReadTree {
  try {
    const { entries, dropped } = parseTree(body);
    return { entries, dropped, hash: hashObject('tree', body) };
  } catch (error) {
    throw new AttemptError(broken(what, 'the answer is no tree object', error), 'later');
  }
}
