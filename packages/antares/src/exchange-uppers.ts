import { AT_FDCWD, errnoName, RENAME, renameat2 } from '@scorpiofs/posix';
import { fuseError } from './error.js';

/** At no time is there no upper at either name. @throws AntaresError */
export function exchangeUppers(one: string, other: string): void {
  const [from, to] = [Buffer.from(one), Buffer.from(other)];
  const r = renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME.EXCHANGE);
  if (r < 0)
    throw fuseError(
      `exchanging ${one} and ${other} failed: ${errnoName(r)}`,
      'The upper must be on a local file system such as ext4, xfs or tmpfs.',
    );
}
