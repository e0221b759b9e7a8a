import { SYS } from './arch.js';
import type { Errno } from './errno.js';
import { addressOf, rawCall, result } from './libc.js';

export const AF_UNIX = 1;
export const SOCK_STREAM = 1;
export const SOCK_SEQPACKET = 5;
const SOCK_CLOEXEC = 0o2000000;
const SOL_SOCKET = 1;
const SCM_RIGHTS = 1;
const MSG_CMSG_CLOEXEC = 0x40000000;
const MSG_NOSIGNAL = 0x4000;

// struct msghdr of the kernel (not musl's), struct iovec and struct cmsghdr on 64-bit machines.
const MSGHDR = { iov: 16, iovlen: 24, control: 32, controllen: 40, size: 56 } as const;
const IOVEC = { base: 0, length: 8, size: 16 } as const;
const CMSG = { length: 0, level: 8, type: 12, data: 16 } as const;
/** The kernel's limit of descriptors in one message (SCM_MAX_FD). */
const MAX_DESCRIPTORS = 253;

const rawPair = rawCall<[domain: number, type: number, protocol: number, fds: Uint8Array]>(
  'int',
  'int',
  'int',
  'pointer',
);
const rawMessage = rawCall<[fd: number, message: Uint8Array, flags: number]>(
  'int',
  'pointer',
  'uint32',
);

/** Two connected Unix sockets, close-on-exec (hand one to a child with `stdio`). */
export function socketpair(type = SOCK_STREAM): readonly [number, number] | Errno {
  const fds = Buffer.alloc(8);
  const r = result(rawPair(SYS.socketpair, AF_UNIX, type | SOCK_CLOEXEC, 0, fds));
  return r < 0 ? (r as Errno) : [fds.readInt32LE(0), fds.readInt32LE(4)];
}

export interface ReceivedMessage {
  /** Bytes put into the caller's buffer; 0 with no descriptors is the end. */
  readonly length: number;
  /** Descriptors received (SCM_RIGHTS), close-on-exec; the caller owns them. */
  readonly fds: readonly number[];
}

/** `recvmsg` with room for `maxFds` descriptors. */
export function recvmsg(fd: number, into: Uint8Array, maxFds = 1): ReceivedMessage | Errno {
  const control = Buffer.alloc(CMSG.data + align8(4 * Math.min(maxFds, MAX_DESCRIPTORS)));
  const { header, iov } = messageHeader(into, control);
  const r = result(rawMessage(SYS.recvmsg, fd, header, MSG_CMSG_CLOEXEC));
  void iov;
  if (r < 0) return r as Errno;
  return {
    length: r,
    fds: descriptorsIn(control, Number(header.readBigUInt64LE(MSGHDR.controllen))),
  };
}

/** `sendmsg` with descriptors beside the data (at least one byte of data, or they are lost). Bytes sent or `-errno`. */
export function sendmsg(fd: number, data: Uint8Array, fds: readonly number[] = []): number {
  const size = CMSG.data + 4 * fds.length;
  const control = Buffer.alloc(fds.length === 0 ? 0 : align8(size));
  if (fds.length > 0) {
    control.writeBigUInt64LE(BigInt(size), CMSG.length);
    control.writeInt32LE(SOL_SOCKET, CMSG.level);
    control.writeInt32LE(SCM_RIGHTS, CMSG.type);
    fds.forEach((each, index) => control.writeInt32LE(each, CMSG.data + 4 * index));
  }
  const { header, iov } = messageHeader(data, control);
  const r = result(rawMessage(SYS.sendmsg, fd, header, MSG_NOSIGNAL));
  void iov;
  return r;
}

function messageHeader(data: Uint8Array, control: Buffer): { header: Buffer; iov: Buffer } {
  const iov = Buffer.alloc(IOVEC.size);
  iov.writeBigUInt64LE(addressOf(data), IOVEC.base);
  iov.writeBigUInt64LE(BigInt(data.length), IOVEC.length);
  const header = Buffer.alloc(MSGHDR.size);
  header.writeBigUInt64LE(addressOf(iov), MSGHDR.iov);
  header.writeBigUInt64LE(1n, MSGHDR.iovlen);
  if (control.length > 0) {
    header.writeBigUInt64LE(addressOf(control), MSGHDR.control);
    header.writeBigUInt64LE(BigInt(control.length), MSGHDR.controllen);
  }
  return { header, iov };
}

function descriptorsIn(control: Buffer, length: number): number[] {
  const fds: number[] = [];
  for (let at = 0; at + CMSG.data <= length;) {
    const size = Number(control.readBigUInt64LE(at + CMSG.length));
    if (size < CMSG.data) break;
    const isRights =
      control.readInt32LE(at + CMSG.level) === SOL_SOCKET &&
      control.readInt32LE(at + CMSG.type) === SCM_RIGHTS;
    for (let fd = at + CMSG.data; isRights && fd + 4 <= at + size; fd += 4) {
      fds.push(control.readInt32LE(fd));
    }
    at += align8(size);
  }
  return fds;
}

function align8(size: number): number {
  return (size + 7) & ~7;
}
