import type { RequestOptions } from '@scorpiofs/objects';
import { z } from 'zod';
import { askEnveloped } from './envelope.js';
import type { Wire } from './wire.js';

export interface ListedChangeList {
  readonly link: string;
  readonly title: string;
  /** `Open`, `Draft`, `Merged`, `Closed`. */
  readonly status: string;
  readonly author: string;
  /** Unix seconds, as all times here. */
  readonly opened: number;
  readonly updated: number;
  readonly merged?: number;
  readonly closed?: number;
}

export interface ChangeListPage {
  /** On all pages together. */
  readonly total: number;
  /** Which directory each belongs to is not told (M34); see `changeListDetail`, `changeListHead`. */
  readonly items: readonly ListedChangeList[];
}

const item = z
  .object({
    link: z.string(),
    title: z.string(),
    status: z.string(),
    author: z.string(),
    open_timestamp: z.number(),
    updated_at: z.number(),
    merge_timestamp: z.number().nullish(),
    closed_at: z.number().nullish(),
  })
  .transform((raw): ListedChangeList => ({
    link: raw.link,
    title: raw.title,
    status: raw.status,
    author: raw.author,
    opened: raw.open_timestamp,
    updated: raw.updated_at,
    ...(typeof raw.merge_timestamp === 'number' && { merged: raw.merge_timestamp }),
    ...(typeof raw.closed_at === 'number' && { closed: raw.closed_at }),
  }));

const page = z.object({ total: z.number().int().min(0), items: z.array(item) });

/**
 * `POST /cl/list` (mega: 1.10), one page of change lists. `open`: Open and Draft; `closed`: Closed and Merged. Pages count from
 * 1 and hold 1 to 1000 (0 makes a real server break down); anything else is a `RangeError`.
 */
export async function changeLists(
  wire: Wire,
  question: {
    readonly status?: 'open' | 'closed' | 'all';
    readonly page?: number;
    readonly perPage?: number;
    readonly author?: string;
    readonly sortBy?: 'created_at' | 'updated_at';
    readonly ascending?: boolean;
  } = {},
  options?: RequestOptions,
): Promise<ChangeListPage> {
  const { status = 'open', page: number = 1, perPage = 20, sortBy = 'updated_at' } = question;
  if (!inRange(number, 1, 2 ** 31) || !inRange(perPage, 1, 1000))
    throw new RangeError(`page ${number} of ${perPage} change lists`);
  return await askEnveloped(
    wire,
    {
      kind: 'change-list',
      slot: 'listing',
      method: 'POST',
      path: '/api/v1/cl/list',
      // `asc` is required (M34).
      json: JSON.stringify({
        pagination: { page: number, per_page: perPage },
        additional: {
          status,
          asc: question.ascending ?? false,
          author: question.author ?? null,
          labels: null,
          assignees: null,
          sort_by: sortBy,
        },
      }),
      limit: { total: wire.limits.listing },
      compressible: true,
    },
    page,
    options,
  );
}

function inRange(value: number, least: number, most: number): boolean {
  return Number.isInteger(value) && value >= least && value <= most;
}
