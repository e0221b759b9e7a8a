import { O, SYS } from './arch.js';
import { callAsync, rawCall, result } from './libc.js';
import { ownCPath, type BytePath } from './path.js';

/** Of `linux/inotify.h`: what an event says, and ONLYDIR, which is asked only. */
export const IN = {
  UNMOUNT: 0x2000,
  Q_OVERFLOW: 0x4000,
  IGNORED: 0x8000,
  ONLYDIR: 1 << 24,
} as const;

const init = rawCall<[flags: number]>('int');
const addWatch = rawCall<[fd: number, path: Uint8Array, mask: number]>('int', 'pointer', 'uint32');

/** A descriptor that does not wait and is not inherited, or `-errno`. */
export function inotifyInit(): number {
  return result(init(SYS.inotify_init1, O.O_NONBLOCK | O.O_CLOEXEC));
}

/** Looks the path up on a thread of libuv's pool: what serves the path may be this process. The watch, or `-errno`. */
export function inotifyAddWatchAsync(fd: number, path: BytePath, mask: number): Promise<number> {
  return callAsync(addWatch, SYS.inotify_add_watch, fd, ownCPath(path), mask);
}

/** Masks of all events in what was read: `struct inotify_event` is wd, mask, cookie, length and that many bytes of name. */
export function maskOfEvents(bytes: Buffer): number {
  let mask = 0;
  for (let at = 0; at + 16 <= bytes.length; at += 16 + bytes.readUInt32LE(at + 12))
    mask |= bytes.readUInt32LE(at + 4);
  return mask;
}
