import { createHash } from 'node:crypto';
import type { Oid, RepoPath } from '@scorpiofs/objects';

/**
 * Where the store keeps a listing that does not hash to the id under which it is known (the border of an import repository,
 * mega-server §4.4): the id stands for it at this path only.
 */
export function unverifiedKey(oid: Oid, path: RepoPath): Oid {
  return createHash('sha1')
    .update(`unverified ${oid} `)
    .update(path, 'latin1')
    .digest('hex') as Oid;
}
