import type { Struct } from './layout.js';
import * as s from './structs.js';

/**
 * What stands behind a request's header: a fixed structure (perhaps), then `names` NUL-terminated names, then (`data`)
 * bytes whose length the structure tells.
 */
export interface Operation {
  readonly name: string;
  readonly opcode: number;
  readonly fixed?: Struct;
  readonly names: 0 | 1 | 2;
  readonly data: boolean;
  /** The kernel waits for a reply. */
  readonly answered: boolean;
}

function op(
  opcode: number,
  fixed?: Struct,
  more: { names?: 0 | 1 | 2; data?: boolean; answered?: boolean } = {},
) {
  const { names = 0, data = false, answered = true } = more;
  return { opcode, names, data, answered, ...(fixed === undefined ? {} : { fixed }) };
}

const NAME = { names: 1 } as const;
const UNANSWERED = { answered: false } as const;

/**
 * Every request Linux can send to an ordinary file system up to 7.45. Opcodes beyond it (CUSE, DAX mappings, what later
 * kernels add) are answered ENOSYS. The sizes are those of 7.23 and later, which every kernel with INIT_EXT speaks.
 */
const table = {
  LOOKUP: op(1, undefined, NAME),
  FORGET: op(2, s.FORGET_IN, UNANSWERED),
  GETATTR: op(3, s.GETATTR_IN),
  SETATTR: op(4, s.SETATTR_IN),
  READLINK: op(5),
  SYMLINK: op(6, undefined, { names: 2 }),
  MKNOD: op(8, s.MKNOD_IN, NAME),
  MKDIR: op(9, s.MKDIR_IN, NAME),
  UNLINK: op(10, undefined, NAME),
  RMDIR: op(11, undefined, NAME),
  RENAME: op(12, s.RENAME_IN, { names: 2 }),
  LINK: op(13, s.LINK_IN, NAME),
  OPEN: op(14, s.OPEN_IN),
  READ: op(15, s.READ_IN),
  WRITE: op(16, s.WRITE_IN, { data: true }),
  STATFS: op(17),
  RELEASE: op(18, s.RELEASE_IN),
  FSYNC: op(20, s.FSYNC_IN),
  SETXATTR: op(21, s.SETXATTR_IN_SHORT, { names: 1, data: true }),
  GETXATTR: op(22, s.GETXATTR_IN, NAME),
  LISTXATTR: op(23, s.GETXATTR_IN),
  REMOVEXATTR: op(24, undefined, NAME),
  FLUSH: op(25, s.FLUSH_IN),
  INIT: op(26),
  OPENDIR: op(27, s.OPEN_IN),
  READDIR: op(28, s.READ_IN),
  RELEASEDIR: op(29, s.RELEASE_IN),
  FSYNCDIR: op(30, s.FSYNC_IN),
  GETLK: op(31, s.LK_IN),
  SETLK: op(32, s.LK_IN),
  SETLKW: op(33, s.LK_IN),
  ACCESS: op(34, s.ACCESS_IN),
  CREATE: op(35, s.CREATE_IN, NAME),
  INTERRUPT: op(36, s.INTERRUPT_IN, UNANSWERED),
  BMAP: op(37, s.BMAP_IN),
  DESTROY: op(38),
  IOCTL: op(39, s.IOCTL_IN, { data: true }),
  POLL: op(40, s.POLL_IN),
  NOTIFY_REPLY: op(41, undefined, { data: true, answered: false }),
  BATCH_FORGET: op(42, s.BATCH_FORGET_IN, { data: true, answered: false }),
  FALLOCATE: op(43, s.FALLOCATE_IN),
  READDIRPLUS: op(44, s.READ_IN),
  RENAME2: op(45, s.RENAME2_IN, { names: 2 }),
  LSEEK: op(46, s.LSEEK_IN),
  COPY_FILE_RANGE: op(47, s.COPY_FILE_RANGE_IN),
  SYNCFS: op(50, s.SYNCFS_IN),
  TMPFILE: op(51, s.CREATE_IN, NAME),
  STATX: op(52, s.STATX_IN),
  COPY_FILE_RANGE_64: op(53, s.COPY_FILE_RANGE_IN),
} as const;

export type OperationName = keyof typeof table;

export const OPERATIONS: Readonly<Record<OperationName, Operation & { name: OperationName }>> =
  named(table);

function named<N extends string>(
  of: Readonly<Record<N, Omit<Operation, 'name'>>>,
): Record<N, Operation & { name: N }> {
  const result: Partial<Record<N, Operation & { name: N }>> = {};
  for (const name in of) result[name] = { name, ...of[name] };
  return result as Record<N, Operation & { name: N }>;
}

const byOpcode: (Operation & { name: OperationName })[] = [];
for (const each of Object.values(OPERATIONS)) byOpcode[each.opcode] = each;

export function operationOf(opcode: number): (Operation & { name: OperationName }) | undefined {
  return opcode < byOpcode.length ? byOpcode[opcode] : undefined;
}

/** `fuse_notify_code`; stands in the error field of a header whose unique is 0. */
export const NOTIFY = {
  INVAL_INODE: 2,
  INVAL_ENTRY: 3,
  STORE: 4,
  DELETE: 6,
  RESEND: 7,
  INC_EPOCH: 8,
  PRUNE: 9,
} as const;
