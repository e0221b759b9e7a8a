import { fail } from '../errno.js';
import { FILE_ATTRIBUTE, type FileAttributeForm, type FileAttributes } from '../file-attributes.js';
import { isDirectory, isFile, type Inode } from './inode.js';

const { flags, fsxattr } = FILE_ATTRIBUTE;

/** By their bits in the two forms. */
const KNOWN = [
  [flags.SYNC, fsxattr.SYNC],
  [flags.NODUMP, fsxattr.NODUMP],
  [flags.NOATIME, fsxattr.NOATIME],
] as const;
const ALL = KNOWN.reduce((all, [bit]) => all | bit, 0);

export function getFileAttributes(inode: Inode, form: FileAttributeForm): FileAttributes {
  assertHasSome(inode);
  if (form === 'flags') return { form, bits: inode.flags };
  const shown = KNOWN.filter(([bit]) => (inode.flags & bit) !== 0);
  return { form, bits: shown.reduce((all, [, xbit]) => all | xbit, 0) };
}

/** EOPNOTSUPP for what would mean something here: nothing is protected. */
export function setFileAttributes(inode: Inode, { form, bits }: FileAttributes, now: bigint): void {
  assertHasSome(inode);
  const known = KNOWN.filter(([bit, xbit]) => (bits & (form === 'flags' ? bit : xbit)) !== 0);
  const wanted = known.reduce((all, [bit]) => all | bit, 0);
  if (form === 'flags' && (bits & ~ALL) !== 0) throw fail('EOPNOTSUPP');
  if (form === 'fsxattr' && known.reduce((rest, [, xbit]) => rest & ~xbit, bits) !== 0)
    throw fail('EOPNOTSUPP');
  inode.flags = wanted;
  inode.ctimeNs = now;
}

function assertHasSome(inode: Inode): void {
  if (!isFile(inode) && !isDirectory(inode)) throw fail('ENOTTY');
}
