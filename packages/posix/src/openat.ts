import { O, SYS } from './arch.js';
import { rawCall, result } from './libc.js';
import { cPath, type BytePath } from './path.js';

/** "Relative to the current directory", where a directory descriptor is asked for. */
export const AT_FDCWD = -100;

const raw = rawCall<[dirfd: number, path: Uint8Array, flags: number, mode: number]>(
  'int',
  'pointer',
  'uint32',
  'uint32',
);

/**
 * A descriptor or `-errno`. O_CLOEXEC is always added: a descriptor that leaks into a child can hang a daemon on its own
 * mount. Opening a FIFO or a device may wait; give O_NONBLOCK or O_PATH where the type is not known.
 */
export function openat(dirfd: number, path: BytePath, flags: number, mode = 0): number {
  return result(raw(SYS.openat, dirfd, cPath(path), flags | O.O_CLOEXEC, mode));
}
