import { SYS } from './arch.js';
import type { Errno } from './errno.js';
import { outcome, rawCall, result } from './libc.js';

/** Capabilities by number (`linux/capability.h`), those that matter to file systems. */
export const CAP = {
  CHOWN: 0,
  DAC_OVERRIDE: 1,
  DAC_READ_SEARCH: 2,
  FOWNER: 3,
  FSETID: 4,
  SETGID: 6,
  SETUID: 7,
  SYS_ADMIN: 21,
  SYS_RESOURCE: 24,
  MKNOD: 27,
  SETFCAP: 31,
} as const;

/** Sets of one thread, bit N for capability N. */
export interface Capabilities {
  readonly effective: bigint;
  readonly permitted: bigint;
  readonly inheritable: bigint;
}

const VERSION_3 = 0x2008_0522;
const raw = rawCall<[header: Uint8Array, data: Uint8Array]>('pointer', 'pointer');

// u32 version, s32 pid: 0 is the calling thread.
const header = Buffer.alloc(8);
function freshHeader(): Buffer {
  header.writeUInt32LE(VERSION_3, 0);
  return header;
}

/** Capabilities of the calling thread. */
export function capget(): Capabilities | Errno {
  const data = Buffer.alloc(24);
  const r = result(raw(SYS.capget, freshHeader(), data));
  if (r < 0) return r as Errno;
  // Two blocks (low and high half), each effective, permitted, inheritable.
  const set = (at: number) =>
    BigInt(data.readUInt32LE(at)) | (BigInt(data.readUInt32LE(at + 12)) << 32n);
  return { effective: set(0), permitted: set(4), inheritable: set(8) };
}

/** The bytes `capset` wants: make them once for a set that is used often. */
export function encodeCapabilities(capabilities: Capabilities): Buffer {
  const data = Buffer.alloc(24);
  const put = (at: number, bits: bigint) => {
    data.writeUInt32LE(Number(bits & 0xffff_ffffn), at);
    data.writeUInt32LE(Number(bits >> 32n), at + 12);
  };
  put(0, capabilities.effective);
  put(4, capabilities.permitted);
  put(8, capabilities.inheritable);
  return data;
}

/** Sets the capabilities of the calling thread, and of no other. */
export function capset(encoded: Buffer): 0 | Errno {
  return outcome(raw(SYS.capset, freshHeader(), encoded));
}

/** The calling thread may do what the capability allows. */
export function hasCapability(capability: number): boolean {
  const now = capget();
  return typeof now !== 'number' && (now.effective & (1n << BigInt(capability))) !== 0n;
}
