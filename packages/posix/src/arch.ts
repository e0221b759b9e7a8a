/** Where Linux on x64 and on arm64 differ: the first column is x64, the second arm64. */
type Both = readonly [x64: number, arm64: number];

const column = process.arch === 'arm64' ? 1 : 0;

/** This machine's column of a table of (x64, arm64) pairs. */
export function forThisArch<K extends string>(
  table: Readonly<Record<K, Both>>,
  of: 0 | 1 = column,
): Readonly<Record<K, number>> {
  const picked: Partial<Record<K, number>> = {};
  for (const name in table) picked[name] = table[name][of];
  return picked as Record<K, number>;
}

/** System call numbers (`asm/unistd_64.h`, `asm-generic/unistd.h`). From 424 on they are the same everywhere. */
export const syscallNumbers = {
  read: [0, 63],
  write: [1, 64],
  close: [3, 57],
  lseek: [8, 62],
  ioctl: [16, 29],
  pread64: [17, 67],
  pwrite64: [18, 68],
  socketpair: [53, 199],
  sendmsg: [46, 211],
  recvmsg: [47, 212],
  flock: [73, 32],
  fsync: [74, 82],
  fdatasync: [75, 83],
  ftruncate: [77, 46],
  fchmod: [91, 52],
  fchown: [93, 55],
  umask: [95, 166],
  setfsuid: [122, 151],
  setfsgid: [123, 152],
  capget: [125, 90],
  capset: [126, 91],
  statfs: [137, 43],
  fstatfs: [138, 44],
  mount: [165, 40],
  umount2: [166, 39],
  inotify_add_watch: [254, 27],
  inotify_init1: [294, 26],
  setxattr: [188, 5],
  lsetxattr: [189, 6],
  fsetxattr: [190, 7],
  getxattr: [191, 8],
  lgetxattr: [192, 9],
  fgetxattr: [193, 10],
  listxattr: [194, 11],
  llistxattr: [195, 12],
  flistxattr: [196, 13],
  removexattr: [197, 14],
  lremovexattr: [198, 15],
  fremovexattr: [199, 16],
  getdents64: [217, 61],
  openat: [257, 56],
  mkdirat: [258, 34],
  mknodat: [259, 33],
  fchownat: [260, 54],
  unlinkat: [263, 35],
  linkat: [265, 37],
  symlinkat: [266, 36],
  readlinkat: [267, 78],
  fchmodat: [268, 53],
  utimensat: [280, 88],
  fallocate: [285, 47],
  dup3: [292, 24],
  fcntl: [72, 25],
  pipe2: [293, 59],
  prlimit64: [302, 261],
  name_to_handle_at: [303, 264],
  open_by_handle_at: [304, 265],
  syncfs: [306, 267],
  renameat2: [316, 276],
  copy_file_range: [326, 285],
  statx: [332, 291],
  open_tree: [428, 428],
  move_mount: [429, 429],
  openat2: [437, 437],
  faccessat2: [439, 439],
  mount_setattr: [442, 442],
  fchmodat2: [452, 452],
} as const satisfies Record<string, Both>;

/** `open` flags. Some of them differ by architecture although they look eternal. */
export const openFlags = {
  O_RDONLY: [0, 0],
  O_WRONLY: [1, 1],
  O_RDWR: [2, 2],
  O_ACCMODE: [3, 3],
  O_CREAT: [0o100, 0o100],
  O_EXCL: [0o200, 0o200],
  O_NOCTTY: [0o400, 0o400],
  O_TRUNC: [0o1000, 0o1000],
  O_APPEND: [0o2000, 0o2000],
  O_NONBLOCK: [0o4000, 0o4000],
  O_DSYNC: [0o10000, 0o10000],
  O_DIRECT: [0o40000, 0o200000],
  O_LARGEFILE: [0o100000, 0o400000],
  O_DIRECTORY: [0o200000, 0o40000],
  O_NOFOLLOW: [0o400000, 0o100000],
  O_NOATIME: [0o1000000, 0o1000000],
  O_CLOEXEC: [0o2000000, 0o2000000],
  O_SYNC: [0o4010000, 0o4010000],
  O_PATH: [0o10000000, 0o10000000],
  O_TMPFILE: [0o20200000, 0o20040000],
} as const satisfies Record<string, Both>;

export const SYS = forThisArch(syscallNumbers);
/** Flags of `openat` for this machine's architecture. */
export const O = forThisArch(openFlags);
