import { S } from '@scorpiofs/posix';
import { fail } from '../errno.js';
import type { SetAttr } from '../filesystem.js';
import { nameFromUtf8 } from '../name.js';
import type { Identity } from '../permissions.js';
import { isDirectory, isFile, type Inode } from './inode.js';

const CAPABILITY = nameFromUtf8('security.capability');

/**
 * What a change of contents or owner takes away: set-user-id, set-group-id where the group may execute (without that it
 * once meant mandatory locking), and file capabilities. Directories keep theirs.
 */
export function clearSetId(inode: Inode): void {
  if (isDirectory(inode)) return;
  inode.mode &= ~S.ISUID;
  if ((inode.mode & 0o010) !== 0) inode.mode &= ~S.ISGID;
  inode.xattrs.delete(CAPABILITY);
}

/** SETATTR, permissions apart. Fails before it changes anything. */
export function setAttributes(inode: Inode, set: SetAttr, who: Identity, now: bigint): void {
  if (set.size !== undefined) resize(inode, set.size, now);
  if (set.killSuidgid === true) clearSetId(inode);
  if (set.uid !== undefined || set.gid !== undefined) {
    clearSetId(inode);
    inode.uid = set.uid ?? inode.uid;
    inode.gid = set.gid ?? inode.gid;
  }
  if (set.mode !== undefined) changeMode(inode, set.mode, who);
  if (set.atimeNs !== undefined) inode.atimeNs = set.atimeNs === 'now' ? now : set.atimeNs;
  if (set.mtimeNs !== undefined) inode.mtimeNs = set.mtimeNs === 'now' ? now : set.mtimeNs;
  inode.ctimeNs = set.ctimeNs ?? now;
}

function resize(inode: Inode, size: number, now: bigint): void {
  if (isDirectory(inode)) throw fail('EISDIR');
  if (!isFile(inode)) throw fail('EINVAL');
  inode.content.data.truncate(size);
  inode.mtimeNs = now;
}

/** Set-group-id is not for who is not in that group (chmod(2)). */
function changeMode(inode: Inode, mode: number, who: Identity): void {
  const foreign = who.uid !== 0 && who.gid !== inode.gid;
  inode.mode = inode.type | (mode & (foreign ? ~S.ISGID & 0o7777 : 0o7777));
}
