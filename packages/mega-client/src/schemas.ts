import { isOid, type Oid } from '@scorpiofs/objects';
import { z } from 'zod';

/** A git object id in a server's answer. */
export const oidSchema = z.custom<Oid>(
  (value) => typeof value === 'string' && isOid(value),
  'not 40 lower-case hex digits',
);
