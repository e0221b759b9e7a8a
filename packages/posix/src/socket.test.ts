import fs from 'node:fs';

import { expect, test } from '@jest/globals';

import { failed } from './errno.js';
import { close, read, write } from './io.js';
import { made } from './made.js';
import { pipe } from './pipe.js';
import { recvmsg, sendmsg, socketpair } from './socket.js';

test('descriptors travel over a socket and name the same open file', () => {
  const [left, right] = made(socketpair());
  const [reader, writer] = made(pipe());
  try {
    expect(sendmsg(left, Buffer.from('x'), [writer, reader])).toBe(1);
    const into = Buffer.alloc(16);
    const { length, fds } = made(recvmsg(right, into, 4));
    expect([length, into[0], fds.length]).toEqual([1, 0x78, 2]);
    const [sentWriter = -1, sentReader = -1] = fds;
    expect(write(sentWriter, Buffer.from('through'))).toBe(7);
    expect(read(sentReader, into)).toBe(7);
    // A received descriptor must not leak into children (fuse-transport §5).
    expect(fs.readFileSync(`/proc/self/fdinfo/${sentReader}`, 'utf8')).toMatch(/flags:\s+02000000/);
    fds.forEach((fd) => close(fd));
  } finally {
    [left, right, reader, writer].forEach((fd) => close(fd));
  }
});

test('a message without descriptors, the end, and an error', () => {
  const [left, right] = made(socketpair());
  expect(sendmsg(left, Buffer.from('abc'))).toBe(3);
  const into = Buffer.alloc(8);
  expect(recvmsg(right, into)).toEqual({ length: 3, fds: [] });
  close(left);
  expect(recvmsg(right, into)).toEqual({ length: 0, fds: [] });
  expect(sendmsg(right, into)).toBe(failed('EPIPE'));
  close(right);
  expect(recvmsg(right, into)).toBe(failed('EBADF'));
});
