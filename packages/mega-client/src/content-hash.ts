import {
  isTreeName,
  type Oid,
  type RepoPath,
  type RequestOptions,
  type TreeName,
} from '@scorpiofs/objects';
import { z } from 'zod';
import type { Asked } from './ask.js';
import { askEnveloped } from './envelope.js';
import { encodePath } from './path-query.js';
import { oidSchema } from './schemas.js';
import type { Wire } from './wire.js';

/** An entry without mode: executable files, symbolic links and submodules are all `file` here (M12). */
export interface ListedEntry {
  readonly name: TreeName;
  readonly directory: boolean;
  readonly oid: Oid;
}

const entries = z.array(
  z.object({
    name: z.string(),
    content_type: z.enum(['directory', 'file']),
    oid: oidSchema,
  }),
);

/**
 * `GET /tree/content-hash` (mega: 1.6), pinned to `commit` (C11). Empty for what is not there and for what is no
 * directory (M08): the caller must ask the parent before it believes that (C02).
 */
export async function contentHash(
  wire: Wire,
  path: RepoPath,
  commit: Oid | undefined,
  options?: RequestOptions,
): Promise<readonly ListedEntry[]> {
  return await listing(wire, 'content-hash', path, commit, options);
}

/**
 * `GET /tree/dir-hash` (mega: 1.6): the directory's id as its parent states it; undefined for what is no directory, and
 * always for `/` (M09).
 */
export async function dirHash(
  wire: Wire,
  path: RepoPath,
  commit: Oid | undefined,
  options?: RequestOptions,
): Promise<Oid | undefined> {
  const found = await listing(wire, 'dir-hash', path, commit, options);
  return found.length === 1 ? found[0]?.oid : undefined;
}

async function listing(
  wire: Wire,
  route: 'content-hash' | 'dir-hash',
  path: RepoPath,
  commit: Oid | undefined,
  options: RequestOptions | undefined,
): Promise<readonly ListedEntry[]> {
  // C03: `refs` is a commit id or not there at all.
  const refs = commit === undefined ? '' : `&refs=${commit}`;
  const asked: Asked = {
    kind: 'listing',
    slot: 'listing',
    method: 'GET',
    path: `/api/v1/tree/${route}?path=${encodePath(path)}${refs}`,
    limit: { total: wire.limits.listing },
    compressible: true,
  };
  const raw = await askEnveloped(wire, asked, entries, options);
  const seen = new Set<string>();
  const kept: ListedEntry[] = [];
  for (const entry of raw) {
    const name = Buffer.from(entry.name, 'utf8').toString('latin1');
    // C10: what is no name, and later duplicates.
    if (!isTreeName(name) || seen.has(name)) continue;
    seen.add(name);
    kept.push({
      name,
      directory: entry.content_type === 'directory',
      oid: entry.oid,
    });
  }
  return kept;
}
