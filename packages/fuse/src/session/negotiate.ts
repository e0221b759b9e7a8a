import type { FileSystem } from '../filesystem.js';
import { INIT, type InitFlag } from '../protocol/flags.js';
import { OLDEST_MINOR, PROTOCOL_MAJOR, PROTOCOL_MINOR } from '../protocol/flags.js';
import { encodeStruct, getU32 } from '../protocol/layout.js';
import { INIT_IN, INIT_OUT } from '../protocol/structs.js';

/** What kernel and session agreed on. */
export interface Negotiated {
  readonly minor: number;
  /** What the kernel offered and what was taken. */
  readonly offered: (flag: InitFlag) => boolean;
  readonly agreed: (flag: InitFlag) => boolean;
  readonly maxWrite: number;
  readonly maxRead: number;
}

const PAGE = 4096;
/** Requests a program does not wait for (readahead, asynchronous I/O) that the kernel keeps in flight. */
const MAX_BACKGROUND = 64;
const SHORT_INIT_IN = INIT_IN.at.flags2;

/**
 * Chooses from what the kernel offers. Undefined: the kernel speaks another major version or one too old; `reply` says
 * what to send (the kernel then tries again with a version both know, or the mount fails).
 */
export function negotiate(
  fs: FileSystem,
  b: Buffer,
  at: number,
  length: number,
  limits: { readonly maxWrite: number },
): { readonly reply: Buffer; readonly agreed?: Negotiated } | undefined {
  if (length < SHORT_INIT_IN) return undefined;
  const f = INIT_IN.at;
  const [major, minor] = [getU32(b, at, f.major), getU32(b, at, f.minor)];
  if (major > PROTOCOL_MAJOR) {
    return { reply: encodeStruct(INIT_OUT, { major: PROTOCOL_MAJOR, minor: PROTOCOL_MINOR }) };
  }
  if (major < PROTOCOL_MAJOR || minor < OLDEST_MINOR) return undefined;

  const low = getU32(b, at, f.flags);
  const extended = (low & (2 ** INIT.INIT_EXT)) !== 0 && length >= f.flags2 + 4;
  const offer = BigInt(low) | (BigInt(extended ? getU32(b, at, f.flags2) : 0) << 32n);
  let taken = 0n;
  for (const flag of wanted(fs)) taken |= offer & (1n << BigInt(INIT[flag]));
  const offered = (flag: InitFlag) => ((offer >> BigInt(INIT[flag])) & 1n) === 1n;
  const agreed = (flag: InitFlag) => ((taken >> BigInt(INIT[flag])) & 1n) === 1n;

  // Without MAX_PAGES a request has at most 32 pages.
  const maxWrite = agreed('MAX_PAGES') ? limits.maxWrite : Math.min(limits.maxWrite, 32 * PAGE);
  const reply = encodeStruct(INIT_OUT, {
    major: PROTOCOL_MAJOR,
    minor: Math.min(minor, PROTOCOL_MINOR),
    max_readahead: Math.max(getU32(b, at, f.max_readahead), maxWrite),
    flags: taken & 0xffffffffn,
    flags2: taken >> 32n,
    max_background: MAX_BACKGROUND,
    congestion_threshold: (MAX_BACKGROUND * 3) / 4,
    max_write: maxWrite,
    time_gran: 1,
    max_pages: agreed('MAX_PAGES') ? maxWrite / PAGE : 0,
    max_stack_depth: agreed('PASSTHROUGH') ? (fs.options?.maxStackDepth ?? 1) : 0,
  });
  const result = { minor: Math.min(minor, PROTOCOL_MINOR), offered, agreed };
  return { reply, agreed: { ...result, maxWrite, maxRead: maxWrite } };
}

function wanted(fs: FileSystem): readonly InitFlag[] {
  const o = fs.options ?? {};
  const flags: InitFlag[] = [
    'ASYNC_READ',
    'BIG_WRITES',
    'AUTO_INVAL_DATA',
    'ASYNC_DIO',
    'PARALLEL_DIROPS',
    'HANDLE_KILLPRIV_V2',
    'ABORT_ERROR',
    'MAX_PAGES',
    'SETXATTR_EXT',
    'INIT_EXT',
    'HAS_EXPIRE_ONLY',
  ];
  const add = (condition: boolean | undefined, ...more: InitFlag[]) => {
    if (condition === true) flags.push(...more);
  };
  add(fs.readdir !== undefined && o.readdirPlus !== 'never', 'DO_READDIRPLUS');
  add(fs.readdir !== undefined && o.readdirPlus !== 'always', 'READDIRPLUS_AUTO');
  // Without OPEN there is nobody to truncate: it must come as a SETATTR.
  add(fs.open !== undefined && o.atomicOTrunc !== false, 'ATOMIC_O_TRUNC');
  add(o.exportSupport, 'EXPORT_SUPPORT');
  add(o.dontMask, 'DONT_MASK');
  add(o.remoteLocks, 'POSIX_LOCKS', 'FLOCK_LOCKS');
  add(o.writebackCache, 'WRITEBACK_CACHE');
  add(o.posixAcl, 'POSIX_ACL');
  add(o.cacheSymlinks, 'CACHE_SYMLINKS');
  add(o.allowIdmap, 'ALLOW_IDMAP');
  // The kernel refuses backing files together with its write-back cache, and with a stack depth of 0.
  add(fs.open !== undefined && o.writebackCache !== true && o.maxStackDepth !== 0, 'PASSTHROUGH');
  return flags;
}
