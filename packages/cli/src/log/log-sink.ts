import { closeSync, constants, fstatSync, openSync, write, writeSync } from 'node:fs';
import { Writable } from 'node:stream';
import { errorCode } from '@scorpiofs/config';

/** Bytes that may wait for a slow reader; what comes after that is dropped and counted. */
const BOUND = 1 << 20;
const RETRY_MS = 25;
const NEWLINE = 10;

/**
 * A descriptor for the same output whose writes never wait: a pipe, a terminal or a device opened again without blocking is our own open file, so nobody else
 * who shares the output notices. Undefined where that cannot be (a socket, a regular file, no right).
 */
function ownDescriptor(fd: number): number | undefined {
  // bigint: the plain form leaves the type of a pipe in a buffer that Node's module loader reads stale, and then does not resolve links.
  const stat = fstatSync(fd, { bigint: true });
  if (!stat.isFIFO() && !stat.isCharacterDevice()) return undefined;
  try {
    const flags =
      constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY | constants.O_APPEND;
    return openSync(`/proc/self/fd/${fd}`, flags);
  } catch {
    return undefined;
  }
}

/**
 * Where log lines go. Taking a line never waits: it is queued, and written after the current turn of the event loop, so that no filesystem request
 * waits for a terminal, a full pipe or a slow disk. A reader that does not keep up loses lines, and is told how many. A closed or full output is no crash.
 */
export class LogSink extends Writable {
  readonly #fd: number;
  readonly #own: number | undefined;
  #queue: Buffer[] = [];
  #bytes = 0;
  #dropped = 0;
  /** What was written last ends in the middle of a line. */
  #midLine = false;
  /** The rest of that line is lost. */
  #torn = false;
  #gone = false;
  #busy = false;
  #timer: NodeJS.Immediate | NodeJS.Timeout | undefined;
  #drained: (() => void)[] = [];

  constructor(fd = 2) {
    super({ decodeStrings: false, highWaterMark: BOUND });
    this.#own = ownDescriptor(fd);
    this.#fd = this.#own ?? fd;
  }

  /** Lines lost so far to a reader that was too slow. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Whether a line would be dropped now. */
  get full(): boolean {
    return this.#bytes > BOUND / 2;
  }

  override _write(chunk: string | Buffer, _encoding: string, done: () => void): void {
    this.#put(chunk);
    done();
  }

  #put(chunk: string | Buffer): void {
    if (this.#gone) return;
    const bytes = Buffer.from(this.#torn ? `\n${chunk.toString()}` : chunk);
    if (this.#bytes + bytes.length > BOUND) {
      this.#dropped++;
      return;
    }
    this.#torn = false;
    this.#queue.push(bytes);
    this.#bytes += bytes.length;
    this.#timer ??= setImmediate(() => this.#flush());
  }

  #flush(): void {
    this.#timer = undefined;
    if (this.#busy || this.#gone) return;
    if (this.#queue.length === 0) {
      this.#settle();
      return;
    }
    const all = this.#queue.length === 1 ? this.#queue[0]! : Buffer.concat(this.#queue);
    if (this.#own === undefined) this.#writeInPool(all);
    else this.#written(all, this.#tryWrite(all));
  }

  #tryWrite(bytes: Buffer): number {
    try {
      return writeSync(this.#fd, bytes);
    } catch (error) {
      return this.#failed(error);
    }
  }

  /** A regular file or a socket: the write happens in another thread. */
  #writeInPool(bytes: Buffer): void {
    this.#busy = true;
    write(this.#fd, bytes, (error, count) => {
      this.#busy = false;
      this.#written(bytes, error === null ? count : this.#failed(error));
    });
  }

  /** EAGAIN: nothing yet. Anything else (closed, disk full): this much is lost, and a closed output is given up. */
  #failed(error: unknown): number {
    const code = errorCode(error);
    if (code === 'EAGAIN') return 0;
    if (code === 'EPIPE' || code === 'EBADF' || code === 'EIO') this.#giveUp();
    return -1;
  }

  #giveUp(): void {
    this.#gone = true;
    this.#queue = [];
    this.#bytes = 0;
    this.#settle();
  }

  #written(bytes: Buffer, count: number): void {
    if (this.#gone) return;
    const rest = count < 0 ? Buffer.alloc(0) : bytes.subarray(count);
    // Lines may have come while the pool was writing; the ones in `bytes` were the first of the queue.
    let taken = bytes.length;
    this.#queue = this.#queue.filter((b) => (taken -= b.length) < 0);
    if (count < 0) {
      // Several lines are written at once, and the rest of a short write is one buffer.
      this.#dropped += bytes.reduce((sum, byte) => (byte === NEWLINE ? sum + 1 : sum), 0);
      this.#torn = this.#midLine;
    } else if (count > 0) this.#midLine = bytes[count - 1] !== NEWLINE;
    if (rest.length > 0) this.#queue.unshift(rest);
    this.#bytes = this.#queue.reduce((sum, b) => sum + b.length, 0);
    if (this.#queue.length === 0) this.#settle();
    else if (count === 0) this.#timer ??= setTimeout(() => this.#flush(), RETRY_MS);
    else this.#timer ??= setImmediate(() => this.#flush());
  }

  #settle(): void {
    for (const done of this.#drained.splice(0)) done();
  }

  /** Resolves when everything taken so far is written or lost, or after `ms`. */
  async drain(ms: number): Promise<void> {
    if (this.#gone || (this.#queue.length === 0 && !this.#busy)) return;
    await new Promise<void>((resolve) => {
      const limit = setTimeout(resolve, ms);
      this.#drained.push(() => {
        clearTimeout(limit);
        resolve();
      });
    });
  }

  /** What is left is written as far as it goes without waiting; for the end of a process. */
  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    if (this.#timer !== undefined) {
      clearImmediate(this.#timer as NodeJS.Immediate);
      clearTimeout(this.#timer as NodeJS.Timeout);
    }
    if (!this.#gone && !this.#busy) for (const bytes of this.#queue) this.#tryWrite(bytes);
    this.#gone = true;
    if (this.#own !== undefined) closeSync(this.#own);
    done(error);
  }
}
