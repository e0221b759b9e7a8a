import { SYS } from './arch.js';
import { rawCall, result } from './libc.js';

const withBuffer = rawCall<[fd: number, request: number, argument: Uint8Array | null]>(
  'int',
  'uint32',
  'pointer',
);
const withNumber = rawCall<[fd: number, request: number, argument: number]>(
  'int',
  'uint32',
  'long',
);

/** `ioctl` whose argument is a pointer to a structure: the buffer is both read and written. The result or `-errno`. */
export function ioctl(fd: number, request: number, argument: Uint8Array | null = null): number {
  return result(withBuffer(SYS.ioctl, fd, request, argument));
}

/** `ioctl` whose argument is a plain number, such as a descriptor. */
export function ioctlNumber(fd: number, request: number, argument: number): number {
  return result(withNumber(SYS.ioctl, fd, request, argument));
}
