import type { Oid, RepoPath, RequestOptions } from '@scorpiofs/objects';
import { z } from 'zod';
import type { Asked } from './ask.js';
import { checkLink } from './change-list-link.js';
import { askEnveloped } from './envelope.js';
import { oidSchema } from './schemas.js';
import type { Wire } from './wire.js';

export interface ChangeListDetail {
  readonly link: string;
  readonly title: string;
  /** `Open`, `Draft`, `Merged`, `Closed`. */
  readonly status: string;
  /** The directory that the paths of `changeListFiles` are relative to. */
  readonly directory: RepoPath;
}

const detail = z
  .object({
    link: z.string(),
    title: z.string(),
    status: z.string(),
    path: z.string().startsWith('/'),
  })
  .transform(({ link, title, status, path }): ChangeListDetail => ({
    link,
    title,
    status,
    directory: Buffer.from(path, 'utf8').toString('latin1'),
  }));

/**
 * `GET /cl/{link}/detail`. Needs a session: pass its cookie in the client's `headers`; without it the server refuses (M35).
 */
export async function changeListDetail(
  wire: Wire,
  link: string,
  options?: RequestOptions,
): Promise<ChangeListDetail> {
  return await askEnveloped(wire, question(wire, link, 'detail'), detail, options);
}

export interface ChangeListUpdateStatus {
  /** What the change list began from; absent where there was no commit. */
  readonly baseCommit?: Oid;
  /** The present head of its directory. */
  readonly targetHead?: Oid;
  readonly outdated: boolean;
}

const ZERO = '0'.repeat(40);

const updateStatus = z
  .object({ base_commit: oidSchema, target_head: oidSchema, outdated: z.boolean() })
  .transform((raw): ChangeListUpdateStatus => ({
    ...(raw.base_commit === ZERO ? {} : { baseCommit: raw.base_commit }),
    ...(raw.target_head === ZERO ? {} : { targetHead: raw.target_head }),
    outdated: raw.outdated,
  }));

/** `GET /cl/{link}/update-status`. A real server answers 500 for an unknown link, so that is `broken`, not `missing`. */
export async function changeListUpdateStatus(
  wire: Wire,
  link: string,
  options?: RequestOptions,
): Promise<ChangeListUpdateStatus> {
  return await askEnveloped(wire, question(wire, link, 'update-status'), updateStatus, options);
}

function question(wire: Wire, link: string, what: string): Asked {
  return {
    kind: 'change-list',
    slot: 'listing',
    method: 'GET',
    path: `/api/v1/cl/${checkLink(link)}/${what}`,
    limit: { total: wire.limits.listing },
  };
}
