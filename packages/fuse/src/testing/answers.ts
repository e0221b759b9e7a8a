import type { Stat } from '@scorpiofs/posix';
import type { Attr } from '../filesystem.js';
import { FsError } from '../fs-error.js';

/** What a call answered, or its failure as an `FsError`. */
export function checked<T>(answer: T): T {
  if (typeof answer === 'number' && answer < 0) throw FsError.of(-answer);
  return answer;
}

/** The structured result of a call, or its failure as an `FsError`. */
export function structured<T>(answer: T): Exclude<T, number> {
  if (typeof answer === 'number') throw FsError.of(-answer);
  return answer as Exclude<T, number>;
}

export function attrOf(stat: Stat): Attr {
  const { ino, mode, nlink, uid, gid, rdev, size, blocks, blksize } = stat;
  const { atimeNs, mtimeNs, ctimeNs } = stat;
  const numbers = { ino, mode, nlink, uid, gid, rdev, size, blocks, blksize };
  return { ...numbers, atimeNs, mtimeNs, ctimeNs };
}
