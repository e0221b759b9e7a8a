import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

import { afterEach, beforeEach, expect, test } from '@jest/globals';

import { O } from './arch.js';
import { failed } from './errno.js';
import {
  close,
  closeAsync,
  fdatasync,
  fdatasyncAsync,
  fsync,
  fsyncAsync,
  pread,
  preadAsync,
  pwrite,
  pwriteAsync,
  read,
  syncfs,
  syncfsAsync,
  write,
} from './io.js';
import { openat } from './openat.js';

let dir: string;
let fd: number;
beforeEach(() => {
  dir = fs.mkdtempSync(path.join(os.tmpdir(), 'posix-io-'));
  fd = openat(-100, path.join(dir, 'f'), O.O_RDWR | O.O_CREAT, 0o600);
});
afterEach(() => {
  close(fd);
  fs.rmSync(dir, { recursive: true });
});

test('write, pwrite, read and pread move exactly the bytes asked for', () => {
  expect(write(fd, Buffer.from('hello world'))).toBe(11);
  expect(write(fd, Buffer.from('!!!!'), 1)).toBe(1);
  expect(pwrite(fd, Buffer.from('W'), 6)).toBe(1);
  const into = Buffer.alloc(5);
  expect(pread(fd, into, 6)).toBe(5);
  expect(into.toString()).toBe('World');
  expect(pread(fd, into, 11)).toBe(1);
  expect(pread(fd, into, 12)).toBe(0);
  expect(read(fd, into)).toBe(0);
});

test('a length beyond the buffer never reaches memory behind it', () => {
  expect(write(fd, Buffer.from('ab'), 4096)).toBe(2);
  expect(fs.readFileSync(path.join(dir, 'f'), 'utf8')).toBe('ab');
});

test('issue 3 item 2: errno is a value, in the synchronous and in the asynchronous form', async () => {
  expect(read(-1, Buffer.alloc(1))).toBe(failed('EBADF'));
  expect(close(-1)).toBe(failed('EBADF'));
  expect(await fsyncAsync(-1)).toBe(failed('EBADF'));
  expect(await closeAsync(-1)).toBe(failed('EBADF'));
  const [r, w] = [openat(-100, '/proc/self/mem', O.O_RDONLY), openat(-100, dir, O.O_RDONLY)];
  expect(await preadAsync(w, Buffer.alloc(8), 0)).toBe(failed('EISDIR'));
  expect(await preadAsync(r, Buffer.alloc(8), 0)).toBe(failed('EIO'));
  close(r);
  close(w);
});

test('errno belongs to the call, also when many calls fail in different ways at once', async () => {
  const dirFd = openat(-100, dir, O.O_RDONLY);
  const calls = Array.from({ length: 600 }, (_, i) => {
    if (i % 3 === 0) return preadAsync(-1, Buffer.alloc(1), 0);
    if (i % 3 === 1) return preadAsync(dirFd, Buffer.alloc(1), 0);
    return preadAsync(fd, Buffer.alloc(1), -5);
  });
  // Calls on this thread set errno meanwhile: the two must not mix.
  const noise = setInterval(() => openat(-100, '/nowhere', 0), 0);
  const results = await Promise.all(calls);
  clearInterval(noise);
  close(dirFd);
  const wanted = [failed('EBADF'), failed('EISDIR'), failed('EINVAL')];
  expect(results).toEqual(results.map((_, i) => wanted[i % 3]));
});

test('asynchronous reads and writes, more at once than koffi takes', async () => {
  const blocks = Array.from({ length: 600 }, (_, i) => Buffer.alloc(64, i % 251));
  const written = await Promise.all(blocks.map((block, i) => pwriteAsync(fd, block, i * 64)));
  expect(new Set(written)).toEqual(new Set([64]));
  const into = blocks.map(() => Buffer.alloc(64));
  await Promise.all(into.map((block, i) => preadAsync(fd, block, i * 64)));
  expect(Buffer.concat(into).equals(Buffer.concat(blocks))).toBe(true);
});

test('fsync, fdatasync and syncfs succeed in both forms', async () => {
  expect([fsync(fd), fdatasync(fd), syncfs(fd)]).toEqual([0, 0, 0]);
  expect(await fsyncAsync(fd)).toBe(0);
  expect(await fdatasyncAsync(fd)).toBe(0);
  expect(await syncfsAsync(fd)).toBe(0);
});
