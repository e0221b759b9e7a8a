import { SYS } from './arch.js';
import { failed, type Errno } from './errno.js';
import { outcome, rawCall, result } from './libc.js';
import { cPath, cPath2, type BytePath } from './path.js';

/** Flags of the setting calls. */
export const XATTR_CREATE = 1;
export const XATTR_REPLACE = 2;
/** Longest value, and longest list of names, that Linux passes. */
export const XATTR_SIZE_MAX = 65536;

/**
 * Whose attributes: an open descriptor (not an O_PATH one: give `procPath(fd)` there), or a path, which is followed if it
 * ends in a symlink unless the call's name starts with `l`.
 */
export type XattrOwner = number | BytePath;

const NAME = 'pointer';
const fdGet = rawCall<[fd: number, name: Uint8Array, out: Uint8Array, size: number]>(
  'int',
  NAME,
  'pointer',
  'long',
);
const pathGet = rawCall<[path: Uint8Array, name: Uint8Array, out: Uint8Array, size: number]>(
  'pointer',
  NAME,
  'pointer',
  'long',
);
const fdSet = rawCall<
  [fd: number, name: Uint8Array, value: Uint8Array, size: number, flags: number]
>('int', NAME, 'pointer', 'long', 'int');
const pathSet = rawCall<
  [path: Uint8Array, name: Uint8Array, value: Uint8Array, size: number, flags: number]
>('pointer', NAME, 'pointer', 'long', 'int');
const fdList = rawCall<[fd: number, out: Uint8Array, size: number]>('int', 'pointer', 'long');
const pathList = rawCall<[path: Uint8Array, out: Uint8Array, size: number]>(
  'pointer',
  'pointer',
  'long',
);
const fdRemove = rawCall<[fd: number, name: Uint8Array]>('int', NAME);
const pathRemove = rawCall<[path: Uint8Array, name: Uint8Array]>('pointer', NAME);

// The kernel allocates and clears as much as the buffer could take (2 us for the largest), so a small one is tried first.
const small = Buffer.alloc(512);
const large = Buffer.alloc(XATTR_SIZE_MAX);
const tooSmall = failed('ERANGE');

function intoRoom<T>(
  call: (room: Buffer) => number,
  decode: (room: Buffer, length: number) => T,
): T | Errno {
  let room = small;
  let r = call(room);
  if (r === tooSmall) r = call((room = large));
  return r < 0 ? (r as Errno) : decode(room, r);
}

const copyOf = (room: Buffer, length: number) => Buffer.from(room.subarray(0, length));

/** The value in memory of its own; ENODATA where there is none. */
export function getxattr(owner: XattrOwner, name: BytePath): Buffer | Errno {
  const key = cPath2(name);
  const call =
    typeof owner === 'number'
      ? (room: Buffer) => result(fdGet(SYS.fgetxattr, owner, key, room, room.length))
      : (room: Buffer) => result(pathGet(SYS.getxattr, cPath(owner), key, room, room.length));
  return intoRoom(call, copyOf);
}

export function lgetxattr(path: BytePath, name: BytePath): Buffer | Errno {
  const [where, key] = [cPath(path), cPath2(name)];
  return intoRoom((room) => result(pathGet(SYS.lgetxattr, where, key, room, room.length)), copyOf);
}

/** `flags`: 0, XATTR_CREATE (EEXIST if there) or XATTR_REPLACE (ENODATA if not). */
export function setxattr(
  owner: XattrOwner,
  name: BytePath,
  value: Uint8Array,
  flags = 0,
): 0 | Errno {
  const key = cPath2(name);
  return outcome(
    typeof owner === 'number'
      ? fdSet(SYS.fsetxattr, owner, key, value, value.length, flags)
      : pathSet(SYS.setxattr, cPath(owner), key, value, value.length, flags),
  );
}

export function lsetxattr(path: BytePath, name: BytePath, value: Uint8Array, flags = 0): 0 | Errno {
  return outcome(pathSet(SYS.lsetxattr, cPath(path), cPath2(name), value, value.length, flags));
}

/** Names, one character per byte. */
export function listxattr(owner: XattrOwner): string[] | Errno {
  const call =
    typeof owner === 'number'
      ? (room: Buffer) => result(fdList(SYS.flistxattr, owner, room, room.length))
      : (room: Buffer) => result(pathList(SYS.listxattr, cPath(owner), room, room.length));
  return intoRoom(call, namesIn);
}

export function llistxattr(path: BytePath): string[] | Errno {
  const where = cPath(path);
  return intoRoom((room) => result(pathList(SYS.llistxattr, where, room, room.length)), namesIn);
}

function namesIn(room: Buffer, length: number): string[] {
  return length === 0 ? [] : room.toString('latin1', 0, length - 1).split('\0');
}

export function removexattr(owner: XattrOwner, name: BytePath): 0 | Errno {
  const key = cPath2(name);
  return outcome(
    typeof owner === 'number'
      ? fdRemove(SYS.fremovexattr, owner, key)
      : pathRemove(SYS.removexattr, cPath(owner), key),
  );
}

export function lremovexattr(path: BytePath, name: BytePath): 0 | Errno {
  return outcome(pathRemove(SYS.lremovexattr, cPath(path), cPath2(name)));
}
