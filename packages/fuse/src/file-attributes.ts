/**
 * Linux has two forms of file attributes, the flags that `lsattr` shows and `chattr` changes: the word of ioctl_iflags(2), and
 * `struct fsxattr` (ioctl_xfs_fsgetxattr(2)), which holds more.
 */
export type FileAttributeForm = 'flags' | 'fsxattr';

export interface FileAttributes {
  readonly form: FileAttributeForm;
  /** FS_..._FL bits in the form `flags`, FS_XFLAG_... bits in the form `fsxattr` (`linux/fs.h`). */
  readonly bits: number;
  /** In the form `fsxattr`; absent members are 0. */
  readonly more?: {
    /** Bytes. */
    readonly extsize: number;
    /** Shown only. */
    readonly nextents: number;
    readonly projid: number;
    /** Bytes. */
    readonly cowextsize: number;
  };
}

/** Those bits that a file system may have to know. */
export const FILE_ATTRIBUTE = {
  flags: {
    SYNC: 0x8,
    IMMUTABLE: 0x10,
    APPEND: 0x20,
    NODUMP: 0x40,
    NOATIME: 0x80,
    JOURNAL_DATA: 0x4000,
    DIRSYNC: 0x1_0000,
  },
  fsxattr: {
    IMMUTABLE: 0x8,
    APPEND: 0x10,
    SYNC: 0x20,
    NOATIME: 0x40,
    NODUMP: 0x80,
  },
} as const;
