import { RENAME } from '@scorpiofs/posix';
import { fail } from '../errno.js';
import type { Name } from '../name.js';
import { isDirectory, type DirectoryInode, type Inode } from './inode.js';

/** One name in one directory. */
export interface Place {
  readonly parent: DirectoryInode;
  readonly name: Name;
}

/** What a rename would do, once it is known to be allowed. */
export interface RenamePlan {
  readonly source: Inode;
  readonly target: Inode | undefined;
  /** Both names mean one file already: success, and nothing happens. */
  readonly nothing: boolean;
}

const KNOWN = RENAME.NOREPLACE | RENAME.EXCHANGE | RENAME.WHITEOUT;

/** The checks of rename(2), in the kernel's order. */
export function planRename(from: Place, to: Place, flags: number): RenamePlan {
  const exchange = (flags & RENAME.EXCHANGE) !== 0;
  if ((flags & ~KNOWN) !== 0 || (exchange && flags !== RENAME.EXCHANGE)) throw fail('EINVAL');
  const source = from.parent.content.names.get(from.name);
  if (source === undefined) throw fail('ENOENT');
  const target = to.parent.content.names.get(to.name);
  if ((flags & RENAME.NOREPLACE) !== 0 && target !== undefined) throw fail('EEXIST');
  if (exchange && target === undefined) throw fail('ENOENT');
  if (isWithin(to.parent, source)) throw fail('EINVAL', 'a directory into itself');
  if (target !== undefined && isWithin(from.parent, target)) {
    throw fail(exchange ? 'EINVAL' : 'ENOTEMPTY');
  }
  if (to.parent.nlink === 0) throw fail('ENOENT', 'the new parent was removed');
  if (source === target) return { source, target, nothing: true };
  if (target !== undefined && !exchange) checkReplace(source, target);
  return { source, target, nothing: false };
}

function checkReplace(source: Inode, target: Inode): void {
  if (isDirectory(target)) {
    if (!isDirectory(source)) throw fail('EISDIR');
    if (target.content.names.size > 0) throw fail('ENOTEMPTY');
  } else if (isDirectory(source)) throw fail('ENOTDIR');
}

function isWithin(directory: Inode, ancestor: Inode): boolean {
  for (let at: Inode | undefined = directory; at !== undefined;) {
    if (at === ancestor) return true;
    at = at.content.kind === 'directory' ? at.content.parent : undefined;
  }
  return false;
}

/** Does what was planned. The target's inode, when it lost its name, is the caller's to collect. */
export function performRename(
  from: Place,
  to: Place,
  plan: RenamePlan,
  flags: number,
  now: bigint,
): void {
  const { source, target } = plan;
  if ((flags & RENAME.EXCHANGE) !== 0 && target !== undefined) {
    from.parent.content.names.set(from.name, target);
    moved(target, to.parent, from.parent, now);
  } else {
    from.parent.content.names.delete(from.name);
    if (target !== undefined) unlinked(to.parent, target, now);
  }
  to.parent.content.names.set(to.name, source);
  moved(source, from.parent, to.parent, now);
  from.parent.modified(now);
  to.parent.modified(now);
}

function moved(inode: Inode, from: DirectoryInode, to: DirectoryInode, now: bigint): void {
  inode.ctimeNs = now;
  if (!isDirectory(inode) || from === to) return;
  from.nlink -= 1;
  to.nlink += 1;
  inode.content.parent = to;
}

/** Bookkeeping for a name of `inode` that went from `parent`. */
export function unlinked(parent: DirectoryInode, inode: Inode, now: bigint): void {
  if (isDirectory(inode)) {
    inode.nlink = 0;
    parent.nlink -= 1;
  } else inode.nlink -= 1;
  inode.ctimeNs = now;
}
