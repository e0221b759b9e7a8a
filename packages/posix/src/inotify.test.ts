import { expect, test } from '@jest/globals';
import { mkdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { failed } from './errno.js';
import { IN, inotifyAddWatchAsync, inotifyInit, maskOfEvents } from './inotify.js';
import { close, read } from './io.js';
import { Scratch } from './scratch.js';

test('a watch tells when its directory goes; nothing to tell is EAGAIN, no directory ENOENT', async () => {
  using scratch = new Scratch();
  const path = join(scratch.path, 'd');
  mkdirSync(path);
  const fd = inotifyInit();
  const buffer = Buffer.alloc(4096);
  expect(await inotifyAddWatchAsync(fd, path, IN.UNMOUNT | IN.ONLYDIR)).toBe(1);
  expect(read(fd, buffer)).toBe(failed('EAGAIN'));
  rmdirSync(path);
  expect(maskOfEvents(buffer.subarray(0, read(fd, buffer))) & IN.IGNORED).toBe(IN.IGNORED);
  expect(await inotifyAddWatchAsync(fd, path, IN.UNMOUNT)).toBe(failed('ENOENT'));
  close(fd);
});
