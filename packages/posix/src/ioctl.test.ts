import { expect, test } from '@jest/globals';

import { failed } from './errno.js';
import { close, write } from './io.js';
import { ioctl, ioctlNumber } from './ioctl.js';
import { made } from './made.js';
import { pipe } from './pipe.js';

const FIONREAD = 0x541b;
const FIOCLEX = 0x5451;

test('a structure goes in and out through the buffer', () => {
  const [reader, writer] = made(pipe());
  write(writer, Buffer.from('12345'));
  const count = Buffer.alloc(4);
  expect(ioctl(reader, FIONREAD, count)).toBe(0);
  expect(count.readInt32LE(0)).toBe(5);
  expect(ioctlNumber(reader, FIOCLEX, 0)).toBe(0);
  expect(ioctl(reader, 0x1234, null)).toBe(failed('ENOTTY'));
  close(reader);
  close(writer);
});
