import { z } from 'zod';
import { MAX_BATCH } from './capabilities.js';
import { oidSchema } from './oid-list.js';

const MAX_LEVELS = 64;
const MAX_ENTRIES = 5_000_000;

const wantSchema = z
  .object({
    path: z.string().max(16_384).optional(),
    /** The path's bytes, for names that are not UTF-8. */
    path_b64: z.base64().max(16_384).optional(),
    oid: oidSchema.nullish(),
  })
  .refine((want) => want.path !== undefined || want.path_b64 !== undefined, 'path is missing');

export const treeRequestSchema = z.object({
  commit: oidSchema.nullish(),
  wants: z.array(wantSchema).min(1).max(MAX_BATCH),
  levels: z.number().int().min(1).max(MAX_LEVELS).default(1),
  max_entries: z.number().int().min(1).max(MAX_ENTRIES).default(MAX_ENTRIES),
});

export type TreeRequest = z.infer<typeof treeRequestSchema>;

/** Byte path of a want, made absolute, without `.`, `//` and trailing slash. */
export function wantPath(want: TreeRequest['wants'][number]): string {
  const bytes =
    want.path_b64 === undefined
      ? Buffer.from(want.path ?? '/', 'utf8')
      : Buffer.from(want.path_b64, 'base64');
  const parts = bytes
    .toString('latin1')
    .split('/')
    .filter((part) => part !== '' && part !== '.');
  return `/${parts.join('/')}`;
}
