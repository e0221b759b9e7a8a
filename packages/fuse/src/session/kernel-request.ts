import type { NodeId, Request } from '../filesystem.js';
import { getU32, getU64, getU64High, getU64Low } from '../protocol/layout.js';
import type { OperationName } from '../protocol/operations.js';
import { IN_HEADER } from '../protocol/structs.js';
import type { Handler } from './handler.js';
import type { Listing } from './listing.js';

const H = IN_HEADER.at;

/** A request from its arrival to its answer. File systems may keep it longer: it holds no buffer of the session then. */
export class KernelRequest implements Request {
  readonly node: NodeId;
  readonly uid: number;
  readonly gid: number;
  readonly pid: number;
  /** Halves of the 64-bit `unique`, repeated in the answer bit by bit. */
  readonly uniqueLow: number;
  readonly uniqueHigh: number;
  interrupted = false;
  /** Set once a reply was given to the kernel or it is known that none is wanted. */
  answered = false;
  /** Largest body the kernel takes, where the operation has one. */
  size = 0;
  /** Flags of an open, for the release of one that the kernel did not take. */
  flags = 0;
  /** Of an IOCTL. */
  command = 0;
  /** Its open has been counted in `BackingFiles`. */
  counted = false;
  /** Reply memory of its own, from the pool; header first. */
  out: Buffer | undefined;
  /** Directory entries added so far. */
  listing: Listing | undefined;
  /** The buffer it was read into, while the file system may still look at it. */
  kept: Buffer | undefined;
  #abort: AbortController | undefined;

  constructor(
    readonly name: OperationName,
    readonly handler: Handler,
    b: Buffer,
  ) {
    this.uniqueLow = getU64Low(b, 0, H.unique);
    this.uniqueHigh = getU64High(b, 0, H.unique);
    this.node = getU64(b, 0, H.nodeid) as NodeId;
    this.uid = getU32(b, 0, H.uid);
    this.gid = getU32(b, 0, H.gid);
    this.pid = getU32(b, 0, H.pid);
  }

  get signal(): AbortSignal {
    if (this.#abort === undefined) {
      this.#abort = new AbortController();
      if (this.interrupted) this.#abort.abort();
    }
    return this.#abort.signal;
  }

  /** Tells the file system that nobody waits any more. */
  interrupt(): void {
    this.interrupted = true;
    this.#abort?.abort();
  }
}
