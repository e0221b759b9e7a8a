import { z } from 'zod';
import type { ObjectStore } from '../git/object-store.js';
import { changedFiles } from '../cl/changed-files.js';
import { unifiedDiff } from '../cl/unified-diff.js';
import { pageOf, paginationSchema } from './pagination.js';

export const changedRequestSchema = z.object({
  pagination: paginationSchema,
  additional: z.unknown().optional(),
});

/** `data` of the `files-changed` routes; `total` counts pages (M36). */
export async function changedPage(
  store: ObjectStore,
  before: string | undefined,
  after: string,
  { pagination }: z.infer<typeof changedRequestSchema>,
): Promise<object> {
  const files = await changedFiles(store, before, after, true);
  const items: object[] = [];
  for (const file of pageOf(files, pagination))
    items.push({
      path: file.path,
      data: await unifiedDiff(store, file),
      ...(file.oldPath === undefined ? {} : { old_path: file.oldPath }),
    });
  return { page: { total: Math.ceil(files.length / pagination.per_page), items } };
}
