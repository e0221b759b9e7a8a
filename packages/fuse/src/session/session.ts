import type { Channel, ChannelEnd } from '../channel/channel.js';
import type { FileSystem, Maybe, NodeId, SessionInfo } from '../filesystem.js';
import { FsError } from '../fs-error.js';
import {
  getU32,
  getU64,
  getU64High,
  getU64Low,
  putS32,
  putU32,
  putU64Halves,
} from '../protocol/layout.js';
import {
  operationOf,
  OPERATIONS,
  type Operation,
  type OperationName,
} from '../protocol/operations.js';
import { isWhole, parseArguments } from '../protocol/request.js';
import * as st from '../protocol/structs.js';
import { BackingFiles } from './backing-files.js';
import { BufferPool } from './buffer-pool.js';
import type { Served } from './handler.js';
import { HANDLERS } from './handlers.js';
import { KernelRequest } from './kernel-request.js';
import { negotiate, type Negotiated } from './negotiate.js';
import { NotifyQueue } from './notify.js';
import { References } from './references.js';
import type { Tracer } from './trace.js';

const ERRNO = {
  ENOENT: 2,
  EINTR: 4,
  EIO: 5,
  EINVAL: 22,
  ENODEV: 19,
  ENOSYS: 38,
  EPROTO: 71,
} as const;
const HEADER = st.OUT_HEADER.size;
const H = st.IN_HEADER.at;
/** More interrupts than this cannot be ahead of their requests. */
const MAX_EARLY_INTERRUPTS = 64;
const PRUNE_SINCE = 45;

/** Receives what is worth a line in a log: an event's name and its fields. */
export type Log = (event: string, fields: Readonly<Record<string, unknown>>) => void;

export interface SessionOptions {
  readonly log?: Log;
  /** Called for each request and reply when given. */
  readonly trace?: Tracer;
  /** Keep the lookup count of each node, for leak checks. */
  readonly trackReferences?: boolean;
  /** How long the end of the session waits for what the file system is still doing. Default 10,000 ms. */
  readonly drainMs?: number;
}

/**
 * One connection to the kernel: reads requests from a channel, asks the file system, answers. What comes back in the same
 * turn is answered in it; each request is answered exactly once, whatever happens.
 */
export class Session {
  /** The kernel's INIT was answered; rejects when there is no agreement. */
  readonly ready: Promise<SessionInfo>;
  /** After the last request, and after the file system's `destroy`. */
  readonly closed: Promise<ChannelEnd>;

  readonly references: References;
  /** Requests seen so far, by operation. */
  readonly counts: Partial<Record<OperationName, number>> = {};

  readonly #pool: BufferPool;
  readonly #scratch: Buffer;
  /** What the file system has not answered yet, by `unique`. */
  readonly #pending = new Map<number, KernelRequest>();
  readonly #earlyInterrupts = new Set<number>();
  readonly #log: Log;
  #served: Served | undefined;
  #notify: NotifyQueue | undefined;
  #ended: ChannelEnd | undefined;
  #background = 0;
  #idle: (() => void) | undefined;
  #isReady: (info: SessionInfo) => void = () => undefined;
  #isNotReady: (error: Error) => void = () => undefined;
  #isClosed: (end: ChannelEnd) => void = () => undefined;

  constructor(
    readonly fs: FileSystem,
    readonly channel: Channel,
    readonly options: SessionOptions = {},
  ) {
    this.references = new References(fs, options.trackReferences);
    this.#log = options.log ?? (() => undefined);
    this.#pool = new BufferPool([8192 + HEADER, 131_072 + HEADER, channel.maxWrite + HEADER], 4);
    this.#scratch = Buffer.allocUnsafeSlow(channel.maxWrite + 4096);
    this.ready = new Promise((resolve, reject) => {
      this.#isReady = resolve;
      this.#isNotReady = reject;
    });
    this.ready.catch(() => undefined);
    this.closed = new Promise((resolve) => {
      this.#isClosed = resolve;
    });
  }

  start(): void {
    this.channel.start({
      onRequest: (b, length) => this.#onRequest(b, length),
      isWaiting: () => this.#pending.size > 0,
      onEnd: (end) => void this.#onEnd(end),
    });
  }

  /** Requests that the file system has not answered yet. */
  get inFlight(): number {
    return this.#pending.size;
  }

  /** The connection is gone (what the file system still does may go on until `closed`). */
  get ended(): boolean {
    return this.#ended !== undefined;
  }

  /** Host files registered for passthrough now. */
  get backingFiles(): number {
    return this.#served?.backing.registered ?? 0;
  }

  #onRequest(b: Buffer, length: number): boolean {
    if (!isWhole(b, length)) {
      // Never from Linux. If there is a `unique` to answer, somebody may wait.
      this.#log('fuse.malformed', { length });
      if (length >= st.IN_HEADER.size) this.#replyTo(b, -ERRNO.EIO);
      return false;
    }
    const op = operationOf(getU32(b, 0, H.opcode));
    if (op === undefined) {
      this.#replyTo(b, -ERRNO.ENOSYS);
      return false;
    }
    this.counts[op.name] = (this.counts[op.name] ?? 0) + 1;
    this.options.trace?.request(op, b, length);
    return this.#serve(op, b, length);
  }

  #serve(op: Operation & { name: OperationName }, b: Buffer, length: number): boolean {
    const served = this.#served;
    if (op.name === 'INIT') this.#onInit(b, length);
    else if (op.name === 'INTERRUPT') this.#onInterrupt(b, length);
    else if (op.name === 'FORGET' || op.name === 'BATCH_FORGET') this.#onForget(op, b, length);
    else if (op.name === 'DESTROY') this.#replyTo(b, 0);
    else if (!op.answered) return false;
    else if (served === undefined) this.#replyTo(b, -ERRNO.EIO);
    else return this.#ask(served, op.name, b, length);
    return false;
  }

  #ask(s: Served, name: OperationName, b: Buffer, length: number): boolean {
    const handler = HANDLERS[name];
    if (handler === undefined) {
      this.#replyTo(b, -ERRNO.ENOSYS);
      return false;
    }
    const op = OPERATIONS[name];
    const long = name === 'SETXATTR' && s.setxattrExt;
    const a = parseArguments(op, b, length, long ? st.SETXATTR_IN.size : op.fixed?.size);
    if (a === undefined) {
      this.#log('fuse.malformed', { op: name, length });
      this.#replyTo(b, -ERRNO.EINVAL);
      return false;
    }
    const r = new KernelRequest(name, handler, b);
    const key = keyOf(r.uniqueLow, r.uniqueHigh);
    if (this.#earlyInterrupts.size > 0 && this.#earlyInterrupts.delete(key)) r.interrupted = true;
    let result: unknown;
    try {
      result = handler.call(s, r, a);
    } catch (error) {
      this.#fail(r, error);
      return false;
    }
    if (!isPromise(result)) {
      this.#finish(s, r, result);
      return false;
    }
    this.#pending.set(key, r);
    // Only these hand the file system a view of the request's own bytes.
    const keep = op.data;
    if (keep) r.kept = b;
    result.then(
      (value) => this.#finish(s, r, value),
      (error: unknown) => this.#fail(r, error),
    );
    if (r.interrupted) this.#answerInterrupted(r);
    return keep;
  }

  /** The file system has a result. */
  #finish(s: Served, r: KernelRequest, value: unknown): void {
    let taken = false;
    if (!r.answered) {
      const b = r.out ?? this.#scratch;
      let length: number;
      try {
        length = r.handler.reply(s, r, value, b, HEADER);
      } catch (error) {
        length = -this.#errnoOf(r, error);
      }
      if (length >= 0) taken = this.#send(r, b, 0, length);
      else this.#sendError(r, -length);
    }
    try {
      r.handler.settle?.(s, r, value, taken);
    } catch (error) {
      this.#log('fuse.settle-failed', { op: r.name, node: r.node, error });
    }
    this.#done(r);
  }

  #fail(r: KernelRequest, error: unknown): void {
    const s = this.#served;
    if (s !== undefined) r.listing?.settle(s.references, false);
    r.listing = undefined;
    const errno = this.#errnoOf(r, error);
    if (!r.answered) this.#sendError(r, errno);
    this.#done(r);
  }

  #errnoOf(r: KernelRequest, error: unknown): number {
    if (error instanceof FsError) {
      // An errno alone is an answer. With a cause behind it something failed that somebody should hear of.
      if (error.cause !== undefined && error.errno !== ERRNO.EINTR)
        this.#log('fuse.failed', { op: r.name, errno: error.errno, reason: error.message });
      return error.errno;
    }
    // The work was cut short because we said so: not an accident.
    if (r.interrupted && isAbort(error)) return ERRNO.EINTR;
    this.#log('fuse.unexpected', { op: r.name, node: r.node, error });
    return ERRNO.EIO;
  }

  /** True when the kernel took it. */
  #send(r: KernelRequest, b: Buffer, error: number, bodyLength: number): boolean {
    r.answered = true;
    const f = st.OUT_HEADER.at;
    const length = HEADER + bodyLength;
    putU32(b, 0, f.len, length);
    putS32(b, 0, f.error, error);
    putU64Halves(b, 0, f.unique, r.uniqueLow, r.uniqueHigh);
    this.options.trace?.reply(r, error, length);
    const sent = this.channel.reply(b, length);
    if (sent >= 0) return error === 0;
    // ENOENT: the caller was killed meanwhile. ENODEV: unmounted. Both are ordinary ends of a request.
    if (sent === -ERRNO.ENOENT || sent === -ERRNO.ENODEV) return false;
    this.#log('fuse.reply-refused', { op: r.name, node: r.node, errno: -sent, length });
    // The kernel did not like the answer (its size, say) but still waits for one.
    if (error === 0) this.#sendError(r, ERRNO.EIO);
    return false;
  }

  #sendError(r: KernelRequest, errno: number): void {
    this.#send(r, this.#scratch, -errno, 0);
  }

  /** Answers a request that never became a KernelRequest. */
  #replyTo(request: Buffer, error: number, body?: Buffer): void {
    const b = this.#scratch;
    const f = st.OUT_HEADER.at;
    const length = HEADER + (body?.length ?? 0);
    if (body !== undefined) b.set(body, HEADER);
    putU32(b, 0, f.len, length);
    putS32(b, 0, f.error, error);
    const [low, high] = [getU64Low(request, 0, H.unique), getU64High(request, 0, H.unique)];
    putU64Halves(b, 0, f.unique, low, high);
    const sent = this.channel.reply(b, length);
    if (sent < 0 && sent !== -ERRNO.ENOENT && sent !== -ERRNO.ENODEV) {
      this.#log('fuse.reply-refused', { opcode: getU32(request, 0, H.opcode), errno: -sent });
    }
  }

  /** The request needs no memory of the session any more. */
  #done(r: KernelRequest): void {
    this.#pending.delete(keyOf(r.uniqueLow, r.uniqueHigh));
    if (r.out !== undefined) this.#pool.give(r.out);
    r.out = undefined;
    if (r.kept !== undefined) this.channel.recycle(r.kept);
    r.kept = undefined;
    this.#checkIdle();
  }

  #onInit(b: Buffer, length: number): void {
    const at = st.IN_HEADER.size;
    const outcome = negotiate(this.fs, b, at, length - at, { maxWrite: this.channel.maxWrite });
    if (outcome === undefined || this.#served !== undefined) {
      this.#replyTo(b, -ERRNO.EPROTO);
      if (this.#served === undefined)
        this.#isNotReady(new Error('kernel and session share no FUSE protocol'));
      return;
    }
    if (outcome.agreed === undefined) {
      this.#replyTo(b, 0, outcome.reply);
      return;
    }
    try {
      const info = this.#agree(outcome.agreed);
      this.fs.init?.(info);
      this.#replyTo(b, 0, outcome.reply);
      this.#isReady(info);
    } catch (error) {
      this.#served = undefined;
      this.#replyTo(b, -ERRNO.EIO);
      this.#isNotReady(error instanceof Error ? error : new Error(String(error)));
    }
  }

  #agree(n: Negotiated): SessionInfo {
    const notify = new NotifyQueue(
      this.channel,
      n.agreed('HAS_EXPIRE_ONLY'),
      n.minor >= PRUNE_SINCE,
      (errno) => this.#log('fuse.notify-failed', { errno }),
    );
    this.#notify = notify;
    this.#served = {
      fs: this.fs,
      pool: this.#pool,
      references: this.references,
      attributesChanged: (node) => notify.attributesChanged(node),
      backing: new BackingFiles(this.channel, n.agreed('PASSTHROUGH'), (errno) =>
        this.#log('fuse.no-passthrough', { errno }),
      ),
      noOpen: n.offered('NO_OPEN_SUPPORT'),
      noOpendir: n.offered('NO_OPENDIR_SUPPORT'),
      maxRead: this.channel.maxWrite,
      setxattrExt: n.agreed('SETXATTR_EXT'),
      inBackground: (work) => this.#inBackground(work),
    };
    return {
      transport: 'kernel',
      protocolMinor: n.minor,
      maxWrite: n.maxWrite,
      maxRead: n.maxRead,
      passthrough: n.agreed('PASSTHROUGH'),
      writebackCache: n.agreed('WRITEBACK_CACHE'),
      noOpen: n.offered('NO_OPEN_SUPPORT'),
      noOpendir: n.offered('NO_OPENDIR_SUPPORT'),
      readdirPlus: n.agreed('DO_READDIRPLUS'),
      notify,
    };
  }

  /** Names the `unique` of another request. Never answered itself. */
  #onInterrupt(b: Buffer, length: number): void {
    if (length < st.IN_HEADER.size + st.INTERRUPT_IN.size) return;
    const [at, f] = [st.IN_HEADER.size, st.INTERRUPT_IN.at];
    const key = keyOf(getU64Low(b, at, f.unique), getU64High(b, at, f.unique));
    const r = this.#pending.get(key);
    if (r !== undefined) {
      r.interrupt();
      this.#answerInterrupted(r);
    } else {
      // Answered already, in all likelihood; with several readers of one device it may also be ahead of its request.
      if (this.#earlyInterrupts.size >= MAX_EARLY_INTERRUPTS) this.#earlyInterrupts.clear();
      this.#earlyInterrupts.add(key);
    }
  }

  /**
   * The file system heard the signal first and may answer in this turn; otherwise EINTR is the answer, and what comes
   * later goes through `settle` as not taken.
   */
  #answerInterrupted(r: KernelRequest): void {
    setImmediate(() => {
      if (!r.answered) this.#sendError(r, ERRNO.EINTR);
    });
  }

  #onForget(op: Operation, b: Buffer, length: number): void {
    const at = st.IN_HEADER.size;
    if (length < at + (op.fixed?.size ?? 0)) return;
    if (op.name === 'FORGET') {
      this.#drop(getU64(b, 0, H.nodeid) as NodeId, getU64(b, at, st.FORGET_IN.at.nlookup));
      return;
    }
    const first = at + st.BATCH_FORGET_IN.size;
    const room = Math.floor((length - first) / st.FORGET_ONE.size);
    const count = Math.min(getU32(b, at, st.BATCH_FORGET_IN.at.count), room);
    for (let i = 0; i < count; i += 1) {
      const one = first + i * st.FORGET_ONE.size;
      const node = getU64(b, one, st.FORGET_ONE.at.nodeid) as NodeId;
      this.#drop(node, getU64(b, one, st.FORGET_ONE.at.nlookup));
    }
  }

  #drop(node: NodeId, count: number): void {
    try {
      this.references.dropped(node, count);
    } catch (error) {
      this.#log('fuse.unexpected', { op: 'FORGET', node, error });
    }
  }

  #inBackground(work: () => Maybe<void> | undefined): void {
    const failed = (error: unknown) => this.#log('fuse.background-failed', { error });
    try {
      const result = work();
      if (!isPromise(result)) return;
      this.#background += 1;
      void result.then(undefined, failed).then(() => {
        this.#background -= 1;
        this.#checkIdle();
      });
    } catch (error) {
      failed(error);
    }
  }

  async #onEnd(end: ChannelEnd): Promise<void> {
    if (this.#ended !== undefined) return;
    this.#ended = end;
    this.#isNotReady(new Error(`the connection ended before it was ready (${end.reason})`));
    this.#notify?.end();
    // Nobody waits for these any more.
    for (const r of this.#pending.values()) {
      r.answered = true;
      r.interrupt();
    }
    if (!(await this.#quiet(this.options.drainMs ?? 10_000))) {
      this.#log('fuse.drain-timeout', { inFlight: this.#pending.size });
    }
    try {
      await this.fs.destroy?.();
    } catch (error) {
      this.#log('fuse.destroy-failed', { error });
    }
    this.#isClosed(end);
  }

  #checkIdle(): void {
    if (this.#idle !== undefined && this.#pending.size === 0 && this.#background === 0)
      this.#idle();
  }

  /** Waits until the file system has finished everything; false after `limit` milliseconds. */
  #quiet(limit: number): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => done(false), limit);
      const done = (quiet: boolean) => {
        clearTimeout(timer);
        this.#idle = undefined;
        resolve(quiet);
      };
      this.#idle = () => done(true);
      this.#checkIdle();
    });
  }
}

/** Exact for the first 2^53 requests; bit 63 marks one that is sent again (HAS_RESEND), which is the same request. */
function keyOf(low: number, high: number): number {
  return (high & 0x7fffffff) * 2 ** 32 + low;
}

/** By its method, not its class: promises of another realm (a vm context, jest) are promises too. */
function isPromise(value: unknown): value is Promise<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value;
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && (error.name === 'AbortError' || error.name === 'TimeoutError');
}
