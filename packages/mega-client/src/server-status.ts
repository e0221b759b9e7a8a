import type { RequestOptions } from '@scorpiofs/objects';
import { z } from 'zod';
import { askJson } from './envelope.js';
import type { Wire } from './wire.js';

/** `GET /status` (M01): resolves when a Mega server is there. Says nothing about its database. */
export async function serverStatus(wire: Wire, options?: RequestOptions): Promise<void> {
  await askJson(
    wire,
    {
      kind: 'status',
      slot: 'listing',
      method: 'GET',
      path: '/api/v1/status',
      limit: { total: wire.limits.listing },
    },
    z.literal('http ready'),
    options,
  );
}
