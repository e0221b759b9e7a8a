import type { Ctx } from './context.js';

/** The request target as it came, without query: git paths are not percent-decoded (§2.1). */
export function rawPath(c: Ctx): string {
  return (c.env.incoming.url ?? '/').split('?', 1)[0] ?? '/';
}
