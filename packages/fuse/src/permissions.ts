import { S } from '@scorpiofs/posix';
import { fail } from './errno.js';
import type { Attr } from './filesystem.js';

/** Who acts. A request carries one group only: supplementary groups are known to the kernel alone. */
export interface Identity {
  readonly uid: number;
  readonly gid: number;
}

type Owned = Pick<Attr, 'mode' | 'uid' | 'gid'>;

export const MAY_EXEC = 1;
export const MAY_WRITE = 2;
export const MAY_READ = 4;

/** The check of the mode bits (path_resolution(7)), with root's privilege: EACCES. */
export function checkAccess(who: Identity, node: Owned, mask: number): void {
  if (who.uid === 0) {
    const executable = (node.mode & S.IFMT) === S.IFDIR || (node.mode & 0o111) !== 0;
    if ((mask & MAY_EXEC) !== 0 && !executable) throw fail('EACCES');
    return;
  }
  const shift = who.uid === node.uid ? 6 : who.gid === node.gid ? 3 : 0;
  if ((mask & ~(node.mode >> shift) & 7) !== 0) throw fail('EACCES');
}

/** May `name`'s node be taken out of `parent`? With the sticky bit only by the owner of one of them: EPERM. */
export function checkRemoval(who: Identity, parent: Owned, node: Owned): void {
  checkAccess(who, parent, MAY_WRITE | MAY_EXEC);
  if ((parent.mode & S.ISVTX) === 0 || who.uid === 0) return;
  if (who.uid !== parent.uid && who.uid !== node.uid) throw fail('EPERM');
}

/** What only the owner may do: EPERM. */
export function checkOwner(who: Identity, node: Owned): void {
  if (who.uid !== 0 && who.uid !== node.uid) throw fail('EPERM');
}

/** `chown` of others than root: only the owner, and only to a group of theirs. */
export function checkChown(who: Identity, node: Owned, uid?: number, gid?: number): void {
  if (who.uid === 0) return;
  if (uid !== undefined && (uid !== node.uid || who.uid !== node.uid)) throw fail('EPERM');
  if (gid !== undefined && (who.uid !== node.uid || (gid !== node.gid && gid !== who.gid))) {
    throw fail('EPERM');
  }
}
