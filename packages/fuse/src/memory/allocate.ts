import { FALLOC } from '@scorpiofs/posix';
import { fail } from '../errno.js';
import { MAX_FILE_SIZE, type FileData } from './file-data.js';

const { KEEP_SIZE, PUNCH_HOLE, COLLAPSE_RANGE, ZERO_RANGE, INSERT_RANGE, UNSHARE_RANGE } = FALLOC;

/** fallocate(2) on contents. Through a FUSE mount the kernel lets only plain, KEEP_SIZE, PUNCH_HOLE and ZERO_RANGE pass. */
export function allocate(data: FileData, mode: number, offset: number, length: number): void {
  if (offset < 0 || length <= 0) throw fail('EINVAL');
  if (offset + length > MAX_FILE_SIZE) throw fail('EFBIG');
  const keep = (mode & KEEP_SIZE) !== 0;
  switch (mode & ~KEEP_SIZE) {
    case 0:
    case UNSHARE_RANGE:
      data.reserve(offset, length);
      break;
    case PUNCH_HOLE:
      if (!keep) throw fail('EOPNOTSUPP');
      data.punch(offset, length);
      return;
    case ZERO_RANGE:
      data.punch(offset, length);
      data.reserve(offset, length);
      break;
    case COLLAPSE_RANGE:
      if (keep) throw fail('EINVAL');
      data.collapse(offset, length);
      return;
    case INSERT_RANGE:
      if (keep) throw fail('EINVAL');
      data.insert(offset, length);
      return;
    default:
      throw fail('EOPNOTSUPP');
  }
  if (!keep) data.size = Math.max(data.size, offset + length);
}
