import { z } from 'zod';
import { badRequest } from '../http/failure.js';

export const paginationSchema = z.object({
  page: z.number().int().min(0),
  per_page: z.number().int().min(0).max(10_000),
});

/** The items of a page (the first is 1). `per_page` 0, where the original breaks down, is a client's mistake. */
export function pageOf<T>(
  items: readonly T[],
  { page, per_page }: z.infer<typeof paginationSchema>,
): T[] {
  if (per_page === 0) throw badRequest('per_page must be at least 1');
  const start = (Math.max(page, 1) - 1) * per_page;
  return items.slice(start, start + per_page);
}
