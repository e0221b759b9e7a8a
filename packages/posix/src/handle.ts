import { O, SYS } from './arch.js';
import { failed, type Errno } from './errno.js';
import { outcome, rawCall, result } from './libc.js';
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

/**
 * A file's identity for ever: the whole `struct file_handle` as a string of one character per byte, so that it can be
 * a key. Fill it again and again: `nameToHandleAt` allocates nothing but that string, on demand.
 */
export class FileHandle {
  readonly bytes = Buffer.alloc(HEADER + MAX_HANDLE_SZ);
  readonly mount = Buffer.alloc(4);
  readonly #view = new DataView(this.bytes.buffer, this.bytes.byteOffset, this.bytes.length);

  get length(): number {
    return HEADER + this.#view.getUint32(0, true);
  }
  /** How the file system encodes it (`linux/exportfs.h`). */
  get type(): number {
    return this.#view.getInt32(4, true);
  }
  /** Says to the next call that it may write all of it. */
  clear(): void {
    this.#view.setUint32(0, MAX_HANDLE_SZ, true);
  }
  /** The nth 32-bit word of what the file system encoded, from 0. */
  word(n: number): number {
    return this.#view.getUint32(HEADER + 4 * n, true);
  }
  get key(): string {
    return this.bytes.toString('latin1', 0, this.length);
  }
  /** Of the mount the file was found on, as in `/proc/self/mountinfo`. */
  get mountId(): number {
    return this.mount.readInt32LE(0);
  }
}

/**
 * A handle that survives renames and reboots. `flags`: AT_EMPTY_PATH for the descriptor itself, AT_SYMLINK_FOLLOW.
 * EOPNOTSUPP where the file system has none. Needs no privilege.
 */
export function nameToHandleAt(
  dirfd: number,
  path: BytePath,
  into: FileHandle,
  flags = 0,
): 0 | Errno {
  into.clear();
  return outcome(
    toHandle(SYS.name_to_handle_at, dirfd, cPath(path), into.bytes, into.mount, flags),
  );
}

const room = Buffer.alloc(HEADER + MAX_HANDLE_SZ);

/**
 * Opens what a handle (`FileHandle.key`) names. `mountFd`: any descriptor on that file system, but not an O_PATH one.
 * ESTALE: the file is gone. Needs CAP_DAC_READ_SEARCH, else EPERM.
 */
export function openByHandleAt(mountFd: number, key: string, flags: number): number {
  if (key.length > room.length) return failed('EINVAL');
  for (let i = 0; i < key.length; i++) room[i] = key.charCodeAt(i);
  return result(fromHandle(SYS.open_by_handle_at, mountFd, room, flags | O.O_CLOEXEC));
}
