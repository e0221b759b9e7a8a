import { O, SYS } from './arch.js';
import type { Errno } from './errno.js';
import { rawCall, result } from './libc.js';
import { cPath, type BytePath } from './path.js';

// struct file_handle: u32 handle_bytes, s32 handle_type, bytes.
const HEADER = 8;
const MAX_HANDLE_SZ = 128;

const toHandle = rawCall<
  [dirfd: number, path: Uint8Array, handle: Uint8Array, mountId: Uint8Array, flags: number]
>('int', 'pointer', 'pointer', 'pointer', 'int');
const fromHandle = rawCall<[mountFd: number, handle: Uint8Array, flags: number]>(
  'int',
  'pointer',
  'uint32',
);

/** A file's name for ever: the whole `struct file_handle`, and the mount it was found on. */
export interface FileHandle {
  readonly bytes: Buffer;
  readonly mountId: number;
}

const room = Buffer.alloc(HEADER + MAX_HANDLE_SZ);
const mountId = Buffer.alloc(4);

/**
 * A handle that survives renames and reboots. `flags`: AT_EMPTY_PATH for the descriptor itself, AT_SYMLINK_FOLLOW.
 * EOPNOTSUPP where the file system has none. Needs no privilege.
 */
export function nameToHandleAt(dirfd: number, path: BytePath, flags = 0): FileHandle | Errno {
  room.writeUInt32LE(MAX_HANDLE_SZ, 0);
  const r = result(toHandle(SYS.name_to_handle_at, dirfd, cPath(path), room, mountId, flags));
  if (r < 0) return r as Errno;
  const length = HEADER + room.readUInt32LE(0);
  return { bytes: Buffer.from(room.subarray(0, length)), mountId: mountId.readInt32LE(0) };
}

/**
 * Opens what a handle names. `mountFd`: any descriptor on that file system, but not an O_PATH one. ESTALE: the file is
 * gone. Needs CAP_DAC_READ_SEARCH, else EPERM.
 */
export function openByHandleAt(mountFd: number, handle: Uint8Array, flags: number): number {
  return result(fromHandle(SYS.open_by_handle_at, mountFd, handle, flags | O.O_CLOEXEC));
}
