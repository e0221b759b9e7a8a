import { Hono } from 'hono';
import { z } from 'zod';

export const refreshed = z
  .object({
    revision: z.string().describe('Commit id that the workspace shows now.'),
    previous: z.string(),
    directories: z.number().int().describe('Directories that differ and had been looked at.'),
  })
  .meta({ id: 'WorkspaceRefreshed' });

export type WorkspaceRefreshed = z.infer<typeof refreshed>;

/**
 * `POST /workspace/refresh`: the workspace moves to the newest revision. It is pinned (design D2): only this moves it. A failure
 * leaves it where it is.
 */
export function workspaceRoutes(refresh: () => Promise<WorkspaceRefreshed>): Hono {
  return new Hono()
    .post('/workspace/refresh', async (c) => c.json(await refresh()))
    .all('/workspace/refresh', (c) => c.body(null, 405, { allow: 'POST' }));
}
