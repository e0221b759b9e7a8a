import { SYS } from './arch.js';
import type { Errno } from './errno.js';
import { callAsync, outcome, rawCall } from './libc.js';
import { cPath, ownCPath, type BytePath } from './path.js';

/** Flags of `mount` (`linux/mount.h`). */
export const MS = {
  RDONLY: 1,
  NOSUID: 2,
  NODEV: 4,
  NOEXEC: 8,
  SYNCHRONOUS: 16,
  REMOUNT: 32,
  DIRSYNC: 128,
  NOSYMFOLLOW: 256,
  NOATIME: 1024,
  NODIRATIME: 2048,
  BIND: 4096,
  MOVE: 8192,
  REC: 16384,
  SILENT: 32768,
  PRIVATE: 1 << 18,
  SLAVE: 1 << 19,
  SHARED: 1 << 20,
  RELATIME: 1 << 21,
  STRICTATIME: 1 << 24,
  LAZYTIME: 1 << 25,
} as const;

/** Flags of `umount2`. */
export const MNT = { FORCE: 1, DETACH: 2, EXPIRE: 4, NOFOLLOW: 8 } as const;

export interface MountRequest {
  readonly source: BytePath;
  readonly target: BytePath;
  readonly type: BytePath;
  /** Of `MS`. */
  readonly flags: number;
  /** Options of the file system, comma-separated; at most 4095 bytes. */
  readonly data?: BytePath;
}

type Bytes = Uint8Array | null;
const rawMount = rawCall<[source: Bytes, target: Bytes, type: Bytes, flags: number, data: Bytes]>(
  'pointer',
  'pointer',
  'pointer',
  'long',
  'pointer',
);
const rawUmount = rawCall<[target: Bytes, flags: number]>('pointer', 'int');

function mountArguments(request: MountRequest): [Bytes, Bytes, Bytes, number, Bytes] {
  const { source, target, type, flags, data } = request;
  return [
    ownCPath(source),
    ownCPath(target),
    ownCPath(type),
    flags,
    data === undefined ? null : ownCPath(data),
  ];
}

/**
 * `mount(2)`; 0 or `-errno`. Never call this form for a mount that looks something up on a mount served by this process
 * (an overlay over an own FUSE mount): the event loop would wait for itself.
 */
export function mount(request: MountRequest): 0 | Errno {
  return outcome(rawMount(SYS.mount, ...mountArguments(request)));
}

/** `mount(2)` on a thread of libuv's pool, so that this process can answer what the kernel asks meanwhile. */
export function mountAsync(request: MountRequest): Promise<number> {
  return callAsync(rawMount, SYS.mount, ...mountArguments(request));
}

/** `umount2(2)`; flags of `MNT`. 0 or `-errno`. */
export function umount2(target: BytePath, flags = 0): 0 | Errno {
  return outcome(rawUmount(SYS.umount2, cPath(target), flags));
}

export function umount2Async(target: BytePath, flags = 0): Promise<number> {
  return callAsync(rawUmount, SYS.umount2, ownCPath(target), flags);
}
