import { z } from 'zod';
import { MAX_BATCH } from './capabilities.js';

export const oidSchema = z.string().regex(/^[0-9a-f]{40}$/, 'not 40 lower-case hex digits');

export const oidListSchema = z.object({ oids: z.array(oidSchema).max(MAX_BATCH) });
