import { availableParallelism } from 'node:os';
import type { Socket } from 'node:net';
import { performance } from 'node:perf_hooks';

import { close, ioctl, read, write, writeAsync } from '@scorpiofs/posix';

import { DEV_IOC } from '../protocol/flags.js';
import { encodeStruct } from '../protocol/layout.js';
import { BACKING_MAP } from '../protocol/structs.js';
import type { Channel, ChannelEnd, ChannelHandlers } from './channel.js';
import { waitsForUs } from './lane.js';
import { Spin } from './spin.js';
import { wakeUp } from './wake-up.js';

const E = { EPERM: 1, ENOENT: 2, EINTR: 4, EBADF: 9, EAGAIN: 11, ENODEV: 19, ECONNABORTED: 103 };
/** One turn of the event loop: so many requests, or so many ms, then others get their turn. */
const BATCH = 32;
const BATCH_MS = 1;
/** Requests, or reads that found none, between two looks at the clock: each is a call into the runtime. */
const UNTIMED = 4;
/** Room for the header and structure before the data of a WRITE; the kernel insists on it. */
const HEAD = 4096;
const KEPT_BUFFERS = 2;
/** The wake-up is made anew at most so often without a request in between. */
const MAX_REVIVALS = 8;

/** The global is looked up anew each time, by a getter. */
const now = () => performance.now();

/** Requests from /dev/fuse: libuv wakes up and reads the first, direct system calls drain the rest and answer. */
export class DeviceChannel implements Channel {
  readonly #free: Buffer[] = [];
  readonly #spin: Spin | undefined;
  #handlers: ChannelHandlers | undefined;
  #socket: Socket | undefined;
  #current: Buffer;
  #open = true;
  #revivals = 0;
  #notifications = 0;

  /** Takes over `fd`, which must be non-blocking and mounted. */
  constructor(
    readonly fd: number,
    readonly maxWrite = 1024 * 1024,
  ) {
    this.#current = this.#buffer();
    // With one processor the caller could not run while we poll.
    this.#spin = availableParallelism() > 1 ? new Spin() : undefined;
  }

  start(handlers: ChannelHandlers): void {
    this.#handlers = handlers;
    this.#listen();
  }

  reply(buffer: Buffer, length: number): number {
    if (!this.#open) return -E.ENODEV;
    for (;;) {
      const r = write(this.fd, buffer, length);
      if (r !== -E.EINTR) return r < 0 ? r : 0;
    }
  }

  recycle(buffer: Buffer): void {
    if (this.#free.length < KEPT_BUFFERS) this.#free.push(buffer);
  }

  async notify(message: Buffer): Promise<number> {
    if (!this.#open) return -E.ENODEV;
    // The number must not be closed, and perhaps given to another file, while a thread is still to write to it.
    this.#notifications += 1;
    const r = await waitsForUs.run(() => writeAsync(this.fd, message));
    this.#notifications -= 1;
    this.#closeWhenDone();
    return r < 0 ? r : 0;
  }

  backingOpen(fd: number): number {
    if (!this.#open) return -E.ENODEV;
    return ioctl(this.fd, DEV_IOC.BACKING_OPEN, encodeStruct(BACKING_MAP, { fd }));
  }

  backingClose(id: number): void {
    if (!this.#open) return;
    const argument = Buffer.alloc(4);
    argument.writeUInt32LE(id);
    ioctl(this.fd, DEV_IOC.BACKING_CLOSE, argument);
  }

  close(): void {
    this.#end({ reason: 'closed' });
  }

  #listen(): void {
    this.#socket = wakeUp(this.fd, this.#current, {
      onRead: (length) => {
        if (this.#open) this.#turn(length);
        return this.#current;
      },
      onError: (code) => this.#onError(code),
    });
  }

  /** libuv has read one request into the current buffer. */
  #turn(length: number): void {
    this.#revivals = 0;
    const started = now();
    this.#spin?.woken(started);
    this.#deliver(length);
    let left = BATCH - 1;
    while (left > 0 && this.#open) {
      let r = read(this.fd, this.#current);
      if (r === -E.EAGAIN) {
        r = this.#mayPoll() ? this.#poll(this.#spin) : 0;
        if (r <= 0) break;
      }
      if (r > 0) {
        this.#deliver(r);
        left -= 1;
        if (left % UNTIMED === 0 && now() - started > BATCH_MS) return;
      } else if (r !== -E.EINTR && r !== -E.ENOENT) {
        this.#failed(-r);
        return;
      }
    }
    if (left > 0) this.#spin?.sleeping(now());
  }

  #mayPoll(): boolean {
    return this.#spin?.pays === true && this.#handlers?.isWaiting() === false;
  }

  /** Reads without sleeping for a moment. Length of the request, 0 when none came. */
  #poll(spin: Spin | undefined): number {
    if (spin === undefined) return 0;
    const until = now() + spin.limitMs;
    let tries = 0;
    do {
      const r = read(this.fd, this.#current);
      if (r > 0) {
        spin.polled(true);
        return r;
      }
      // Whatever is wrong, the next read outside says it too.
      if (r !== -E.EAGAIN) return 0;
      tries += 1;
    } while (tries % UNTIMED !== 0 || now() < until);
    spin.polled(false);
    return 0;
  }

  #deliver(length: number): void {
    if (this.#handlers?.onRequest(this.#current, length) === true) this.#current = this.#buffer();
  }

  #buffer(): Buffer {
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(this.maxWrite + HEAD);
  }

  #onError(code: string): void {
    if (!this.#open) return;
    if (code === 'ENODEV') this.#end({ reason: 'unmounted' });
    else if (code === 'ECONNABORTED') this.#end({ reason: 'aborted' });
    else if (this.#revivals < MAX_REVIVALS) {
      // ENOENT: a request that was interrupted while it was being read. The stream does not survive it; the device does.
      this.#revivals += 1;
      this.#listen();
    } else this.#end({ reason: 'failed', error: new Error(`reading /dev/fuse: ${code}`) });
  }

  #failed(errno: number): void {
    if (errno === E.ENODEV) this.#end({ reason: 'unmounted' });
    else if (errno === E.ECONNABORTED) this.#end({ reason: 'aborted' });
    else this.#end({ reason: 'failed', error: new Error(`reading /dev/fuse: errno ${errno}`) });
  }

  #end(end: ChannelEnd): void {
    if (!this.#open) return;
    this.#open = false;
    this.#socket?.destroy();
    this.#closeWhenDone();
    this.#handlers?.onEnd(end);
  }

  #closeWhenDone(): void {
    if (!this.#open && this.#notifications === 0) close(this.fd);
  }
}
