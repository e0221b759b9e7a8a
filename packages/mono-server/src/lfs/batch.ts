import { z } from 'zod';
import type { LfsStore } from './lfs-store.js';

export const lfsOid = z.string().regex(/^[0-9a-f]{64}$/);

/** All four members are required here (M47). */
export const batchSchema = z.object({
  operation: z.enum(['download', 'upload']),
  transfers: z.array(z.string()),
  hash_algo: z.string(),
  objects: z.array(z.object({ oid: lfsOid, size: z.number().int().min(0) })).max(10_000),
});

const DAY = 24 * 60 * 60 * 1000;

/** Answer of the batch route (§3.2); `href` shows the listen address, whatever the request was sent to (M49). */
export async function batch(
  store: LfsStore,
  request: z.infer<typeof batchSchema>,
  baseUrl: string,
): Promise<object> {
  const action = (oid: string): object => ({
    href: `${baseUrl}/info/lfs/objects/${oid}`,
    header: { Accept: 'application/vnd.git-lfs' },
    expires_at: new Date(Date.now() + DAY).toISOString().replace('Z', '000000+00:00'),
  });
  const objects: object[] = [];
  for (const { oid, size } of request.objects) {
    const stored = await store.size(oid);
    if (request.operation === 'download')
      objects.push(
        stored === undefined
          ? { oid, size, error: { code: 404, message: 'Not found' } }
          : { oid, size: stored, authenticated: true, actions: { download: action(oid) } },
      );
    else if (stored === undefined) {
      store.expect(oid, size);
      objects.push({ oid, size, authenticated: true, actions: { upload: action(oid) } });
    } else objects.push({ oid, size: stored, authenticated: true });
  }
  return { transfer: 'basic', objects, hash_algo: 'sha256' };
}
