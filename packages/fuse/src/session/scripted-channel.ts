import type { Channel, ChannelEnd, ChannelHandlers } from '../channel/channel.js';
import { INIT } from '../protocol/flags.js';
import { encodeStruct, getS32 } from '../protocol/layout.js';
import { OPERATIONS, type OperationName } from '../protocol/operations.js';
import { IN_HEADER, INIT_IN, OUT_HEADER, SETXATTR_IN } from '../protocol/structs.js';

export interface Reply {
  /** 0 or `-errno`. */
  readonly error: number;
  readonly body: Buffer;
}

export interface Asked {
  readonly node?: number;
  readonly fields?: Readonly<Record<string, number | bigint>>;
  readonly names?: readonly string[];
  readonly data?: Uint8Array;
  readonly unique?: bigint;
}

/** A kernel made of a script, for tests of the session: requests in, replies and notifications kept. */
export class ScriptedChannel implements Channel {
  readonly maxWrite: number = 1024 * 1024;
  readonly replies = new Map<bigint, Reply[]>();
  readonly notifications: Buffer[] = [];
  readonly recycled: Buffer[] = [];
  /** What `reply` returns for successful answers from now on. */
  verdict = 0;
  /** What `notify` waits for. */
  gate: Promise<void> = Promise.resolve();
  backing: (fd: number) => number = () => -1;
  readonly closedBacking: number[] = [];
  #handlers: ChannelHandlers | undefined;
  #unique = 0n;

  start(handlers: ChannelHandlers): void {
    this.#handlers = handlers;
  }

  reply(buffer: Buffer, length: number): number {
    const unique = buffer.readBigUInt64LE(OUT_HEADER.at.unique);
    const error = getS32(buffer, 0, OUT_HEADER.at.error);
    if (this.verdict !== 0 && error === 0) return this.verdict;
    const all = this.replies.get(unique) ?? [];
    all.push({ error, body: Buffer.from(buffer.subarray(OUT_HEADER.size, length)) });
    this.replies.set(unique, all);
    return 0;
  }

  recycle(buffer: Buffer): void {
    this.recycled.push(buffer);
  }

  async notify(message: Buffer): Promise<number> {
    await this.gate;
    this.notifications.push(message);
    return 0;
  }

  backingOpen(fd: number): number {
    return this.backing(fd);
  }

  backingClose(id: number): void {
    this.closedBacking.push(id);
  }

  close(): void {
    this.end({ reason: 'closed' });
  }

  end(end: ChannelEnd): void {
    this.#handlers?.onEnd(end);
  }

  /** Delivers bytes as they are. */
  raw(bytes: Buffer): boolean {
    return this.#handlers?.onRequest(bytes, bytes.length) ?? false;
  }

  /** Delivers one request and returns its `unique`. */
  send(name: OperationName, asked: Asked = {}): bigint {
    const unique = asked.unique ?? (this.#unique += 2n);
    this.raw(encodeRequest(name, { ...asked, unique }));
    return unique;
  }

  /** The one answer to a request that is answered at once. */
  ask(name: OperationName, asked: Asked = {}): Reply {
    return this.answer(this.send(name, asked));
  }

  answer(unique: bigint): Reply {
    const all = this.replies.get(unique) ?? [];
    const [only] = all;
    if (only === undefined || all.length > 1) throw new Error(`${all.length} answers to ${unique}`);
    return only;
  }

  isAnswered(unique: bigint): boolean {
    return this.replies.has(unique);
  }

  /** INIT as Linux 6.18 sends it, or with other flags. */
  init(flags: bigint = EVERY_FLAG, minor = 45): Reply {
    const fields = { major: 7, minor, flags: flags & 0xffffffffn, flags2: flags >> 32n };
    return this.ask('INIT', { data: encodeStruct(INIT_IN, fields) });
  }
}

const EVERY_FLAG = Object.values(INIT).reduce((all, bit) => all | (1n << BigInt(bit)), 0n);

export function encodeRequest(name: OperationName, asked: Asked): Buffer {
  const op = OPERATIONS[name];
  const { fields = {}, names = [], data = Buffer.alloc(0) } = asked;
  // As agreed in `init`.
  const fixed = name === 'SETXATTR' ? SETXATTR_IN : op.fixed;
  const body = Buffer.concat([
    fixed === undefined ? Buffer.alloc(0) : encodeStruct(fixed, fields),
    ...names.map((each) => Buffer.from(`${each}\0`, 'latin1')),
    data,
  ]);
  const header = encodeStruct(IN_HEADER, {
    len: IN_HEADER.size + body.length,
    opcode: op.opcode,
    unique: asked.unique ?? 0n,
    nodeid: asked.node ?? 1,
    uid: 1000,
    gid: 1001,
    pid: 4711,
  });
  return Buffer.concat([header, body]);
}
