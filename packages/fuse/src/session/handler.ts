import type { FileSystem, Maybe, NodeId } from '../filesystem.js';
import { FsError } from '../fs-error.js';
import type { Arguments } from '../protocol/request.js';
import type { BackingFiles } from './backing-files.js';
import type { BufferPool } from './buffer-pool.js';
import type { KernelRequest } from './kernel-request.js';
import type { References } from './references.js';

/** What the translation of a single request may use. */
export interface Served {
  readonly fs: FileSystem;
  readonly pool: BufferPool;
  readonly backing: BackingFiles;
  readonly references: References;
  /** Of a request's own node, before it is answered: the kernel asks for attributes again. */
  attributesChanged(node: NodeId): void;
  /** The kernel understands an OPEN or OPENDIR that is answered ENOSYS. */
  readonly noOpen: boolean;
  readonly noOpendir: boolean;
  /** Largest READ or READDIR answered, in bytes. */
  readonly maxRead: number;
  /** SETXATTR comes with its long structure. */
  readonly setxattrExt: boolean;
  /** Runs what nobody waits for; a failure is logged. */
  inBackground(work: () => Maybe<void> | undefined): void;
}

/** One operation: arguments to method call, result to reply. */
export interface Handler<T = unknown> {
  /** Reads the arguments (valid only until it returns) and asks the file system. */
  call(s: Served, r: KernelRequest, a: Arguments): Maybe<T>;
  /** Writes the body of the reply at `at` and returns its length, or `-errno`. May throw: that becomes the answer. */
  reply(s: Served, r: KernelRequest, value: T, b: Buffer, at: number): number;
  /**
   * Called once per result: whether the kernel took it. What it did not take (the caller was killed, the encoding failed)
   * holds no reference and must be given back.
   */
  settle?(s: Served, r: KernelRequest, value: T, taken: boolean): void;
}

/** For operations whose success has no body. */
export function empty(): number {
  return 0;
}

const ENOSYS = FsError.of(38, 'not implemented');

/** Answer for what a file system leaves out and for which no better default is named. */
export function notImplemented(): never {
  throw ENOSYS;
}
