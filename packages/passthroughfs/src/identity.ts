import { STATX, type FileHandle, type Stat } from '@scorpiofs/posix';

/** Everything `statx` is asked for: the time of birth belongs to a file's identity. */
export const WANTED = STATX.BASIC | STATX.BTIME;

/** A file's identity where there are no handles. The time of birth tells a number used again from the first file. */
export function keyOfStat(stat: Stat): string {
  return `${stat.dev}:${stat.ino}:${stat.btimeNs}`;
}

const FILEID_INO32_GEN = 1;
const FILEID_INO32_GEN_PARENT = 2;
const FILEID_INO64_GEN = 0x81;
const FILEID_INO64_GEN_PARENT = 0x82;
const HEADER = 8;

/**
 * The handle is of the file that was asked for its attributes: both were asked by name, and a rename could come between.
 * Only for encodings known to hold the inode number (`linux/exportfs.h`); false says nothing.
 */
export function handleIsOf(handle: FileHandle, stat: Stat): boolean {
  const { type, length } = handle;
  switch (type) {
    case FILEID_INO32_GEN:
    case FILEID_INO32_GEN_PARENT:
      // ext4 puts the number first; tmpfs has generation, low half, high half.
      return handle.word(length === HEADER + 12 ? 1 : 0) === stat.inoLow;
    case FILEID_INO64_GEN:
    case FILEID_INO64_GEN_PARENT:
      return handle.word(0) === stat.inoLow && handle.word(1) === stat.inoHigh;
    default:
      return false;
  }
}
