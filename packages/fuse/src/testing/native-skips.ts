const noFallocate = 'libfuse 2 as the package binds it has no fallocate';
const noRenameFlags = 'libfuse 2 has no flags of rename';
const noBytes = 'the package hands names over as UTF-8 text: others are refused with EILSEQ';
const noTmpfile = 'libfuse 2 has no O_TMPFILE';
const noFiles = 'libfuse 2 knows files by path: one without a name is not found';
const noFlags = 'the package has no ioctl';
const noIdentity = 'the package does not say who asks: what is made belongs to the daemon';

/** Cases that the second transport cannot pass whatever it serves, with the reason. */
export const NATIVE_SKIPS: Readonly<Record<string, string>> = {
  'hole: SEEK_DATA and SEEK_HOLE': 'libfuse 2 has no lseek: the whole file is data',
  'fallocate: plain': noFallocate,
  'set-id: cleared by fallocate': noFallocate,
  'fallocate: keeps what is there': noFallocate,
  'fallocate: KEEP_SIZE': noFallocate,
  'fallocate: PUNCH_HOLE': noFallocate,
  'fallocate: ZERO_RANGE': noFallocate,
  'fallocate: changes mtime and ctime': noFallocate,
  'random: contents like an array of bytes': noFallocate,
  'name: not UTF-8': noBytes,
  'name: every byte but NUL and slash': noBytes,
  'symlink: bytes that are not UTF-8': noBytes,
  'tmpfile: has no name': noTmpfile,
  'tmpfile: gets a name': noTmpfile,
  'tmpfile: with O_EXCL never gets a name': noTmpfile,
  'rename: NOREPLACE': noRenameFlags,
  'rename: EXCHANGE of files': noRenameFlags,
  'rename: EXCHANGE of a file and a full directory': noRenameFlags,
  'rename: EXCHANGE of two names of one file': noRenameFlags,
  'random: names like a map': noRenameFlags,
  'flags: set, read, taken away': noFlags,
  'flags: as struct fsxattr': noFlags,
  'flags: ctime': noFlags,
  'flags: handed down': noFlags,
  'flags: only the owner': noFlags,
  'flags: of a file without a name': noFlags,
  'removed: an open directory': noFiles,
  'removed: an open directory, by rename': noFiles,
  'removed: the working directory': noFiles,
  'removed: what is no regular file': noFiles,
  'owner: of what is made': noIdentity,
  'permission: sticky directory': noIdentity,
  'times: set to the nanosecond':
    'the package passes milliseconds, and libfuse 2 ignores one time alone',
  'program: tar there and back':
    'libfuse 2 ignores a modification time without an access time, as tar sets it',
};
