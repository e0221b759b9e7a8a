import type { RequestOptions, SourceCapabilities } from '@scorpiofs/objects';
import { z } from 'zod';
import { ask, collect } from './ask.js';
import { SourceError } from '@scorpiofs/objects';
import type { Wire } from './wire.js';

export interface ScorpioCapabilities extends SourceCapabilities {
  /** Most wants, or ids, in one request. */
  readonly maxBatch: number;
}

/** A Mega server as it is: every question by itself. */
export const PLAIN: ScorpioCapabilities = {
  sizesInTrees: false,
  treeLevels: false,
  blobBatches: false,
  maxBatch: 1,
};

/** What version 1 of the extension is; a server that answered one of its routes is taken to have it. */
export const EXTENDED: ScorpioCapabilities = {
  sizesInTrees: true,
  treeLevels: true,
  blobBatches: true,
  maxBatch: 4096,
};

const schema = z
  .object({
    version: z.literal(1),
    sizes_in_trees: z.boolean(),
    tree_levels: z.boolean(),
    blob_batches: z.boolean(),
    max_batch: z.int().min(1).max(1_000_000),
  })
  .transform((raw): ScorpioCapabilities => ({
    sizesInTrees: raw.sizes_in_trees,
    treeLevels: raw.tree_levels,
    blobBatches: raw.blob_batches,
    maxBatch: raw.max_batch,
  }));

const LIMIT = 64 * 1024;

/**
 * `GET /api/v1/scorpio/capabilities`. Any answer that is not this document, a real Mega's 404 above all, means a plain
 * server; no answer, or a failure that may pass (5xx, 429), rejects.
 */
export async function scorpioCapabilities(
  wire: Wire,
  options: RequestOptions,
): Promise<ScorpioCapabilities> {
  const path = '/api/v1/scorpio/capabilities';
  try {
    return await ask(
      wire,
      {
        kind: 'capabilities',
        slot: 'listing',
        method: 'GET',
        path,
        limit: { total: wire.limits.listing },
      },
      async (answer) => {
        const parsed = schema.safeParse(parse(await collect(answer, path, LIMIT)));
        return parsed.success ? parsed.data : PLAIN;
      },
      options,
    );
  } catch (error) {
    if (error instanceof SourceError && saysNo(error)) return PLAIN;
    throw error;
  }
}

function saysNo({ status }: SourceError): boolean {
  return status !== undefined && status >= 400 && status < 500 && status !== 429 && status !== 408;
}

function parse(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString());
  } catch {
    return undefined;
  }
}
