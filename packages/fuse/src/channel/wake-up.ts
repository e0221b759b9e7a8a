import net from 'node:net';

import { close, dup3, errnoName, O, pipe } from '@scorpiofs/posix';

export interface WakeUpHandlers {
  /** libuv has read this much into the buffer; returns the buffer for the next time. */
  onRead(length: number, buffer: Buffer): Buffer;
  /** Reading failed: `code` such as ENODEV. The stream is gone. */
  onError(code: string): void;
}

/**
 * Makes libuv wait for `fd` and read it, with public means only: a stream is made over a pipe, which it accepts, and the
 * pipe's descriptor is then replaced by a duplicate of ours, before libuv has looked at it. (Given /dev/fuse itself,
 * `net.Socket` refuses: it is neither pipe nor socket.) The loop sleeps in epoll; an idle connection costs nothing.
 */
export function wakeUp(fd: number, first: Buffer, handlers: WakeUpHandlers): net.Socket {
  const ends = pipe(O.O_NONBLOCK);
  if (typeof ends === 'number') throw new Error(`pipe: ${errnoName(ends)}`);
  const [readEnd, writeEnd] = ends;
  let next = first;
  const options = {
    fd: readEnd,
    readable: true,
    writable: false,
    // Not in the types of Node 20 for this constructor, but documented for it.
    manualStart: true,
    onread: {
      buffer: () => next,
      callback: (length: number, buffer: Uint8Array) => {
        next = handlers.onRead(length, asBuffer(buffer));
        return true;
      },
    },
  };
  const socket = new net.Socket(options);
  const duplicated = dup3(fd, readEnd, O.O_CLOEXEC);
  close(writeEnd);
  if (duplicated < 0) {
    socket.destroy();
    throw new Error(`dup3: ${errnoName(duplicated)}`);
  }
  socket.once('error', (error: NodeJS.ErrnoException) => handlers.onError(error.code ?? 'EIO'));
  socket.once('end', () => handlers.onError('ENODEV'));
  socket.read(0);
  return socket;
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}
