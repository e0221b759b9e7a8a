/**
 * A path or name as bytes: a Buffer, or a string in which every character is one byte ("latin1"), so that names which
 * are not UTF-8 are exact. Not NUL-terminated. Text must be converted first: `Buffer.from(text).toString('latin1')`.
 */
export type BytePath = string | Uint8Array;

/** Longest path of the kernel, in bytes, with its NUL. */
export const PATH_MAX = 4096;

const room = PATH_MAX + 1;
const first = Buffer.alloc(room);
const second = Buffer.alloc(room);

/**
 * NUL-terminated copy in memory that the next call reuses. What cannot be a path (longer than 4095 bytes, or with a NUL
 * inside, which would silently name something else) is answered by the kernel with ENAMETOOLONG: it gets PATH_MAX bytes
 * without a NUL.
 */
export function cPath(path: BytePath): Buffer {
  return fill(first, path);
}

/** Like `cPath`, for the second path of one call. */
export function cPath2(path: BytePath): Buffer {
  return fill(second, path);
}

/** Like `cPath`, in memory of its own, for a call that runs while others are made. */
export function ownCPath(path: BytePath): Buffer {
  return fill(Buffer.alloc(room), path);
}

// A loop, because for names it beats a call into the runtime, and it meets a NUL on the way.
function fill(memory: Buffer, path: BytePath): Buffer {
  const length = path.length;
  if (length >= PATH_MAX) return memory.fill(0x61);
  for (let i = 0; i < length; i++) {
    const byte = typeof path === 'string' ? path.charCodeAt(i) : (path[i] ?? 0);
    if (byte === 0) return memory.fill(0x61);
    memory[i] = byte;
  }
  memory[length] = 0;
  return memory;
}
