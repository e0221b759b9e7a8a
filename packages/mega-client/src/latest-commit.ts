import type { Oid, RepoPath, RequestOptions } from '@scorpiofs/objects';
import { z } from 'zod';
import { askJson } from './envelope.js';
import { encodePath } from './path-query.js';
import { oidSchema } from './schemas.js';
import type { Wire } from './wire.js';

export interface LatestCommit {
  /** The newest commit in which the path changed; for `/` the head of `main` itself (M14b). */
  readonly oid: Oid;
  /** Committer's time, Unix seconds. */
  readonly date: number;
  readonly shortMessage: string;
  readonly author: string;
  readonly committer: string;
}

const schema = z
  .object({
    oid: oidSchema,
    date: z.string().regex(/^-?\d{1,15}$/),
    short_message: z.string(),
    author: z.string(),
    committer: z.string(),
  })
  .transform((raw): LatestCommit => ({
    oid: raw.oid,
    date: Number(raw.date),
    shortMessage: raw.short_message,
    author: raw.author,
    committer: raw.committer,
  }));

/** `GET /latest-commit` (mega: 1.7). Cheap for `/`; elsewhere the server walks the history. Never sends `refs` (C03). */
export async function latestCommit(
  wire: Wire,
  path: RepoPath = '/',
  options?: RequestOptions,
): Promise<LatestCommit> {
  return await askJson(
    wire,
    {
      kind: 'head',
      slot: 'listing',
      method: 'GET',
      path: `/api/v1/latest-commit?path=${encodePath(path)}`,
      limit: { total: wire.limits.listing },
    },
    schema,
    options,
  );
}
