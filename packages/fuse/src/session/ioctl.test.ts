import { expect, test } from '@jest/globals';

import type { FileAttributes } from '../file-attributes.js';
import type { FileSystem } from '../filesystem.js';
import { FS_IOC, IOCTL_UNRESTRICTED } from '../protocol/flags.js';
import { encodeStruct } from '../protocol/layout.js';
import { NOTIFY } from '../protocol/operations.js';
import { FILE_FLAGS, FSXATTR, IOCTL_OUT, NOTIFY_INVAL_INODE } from '../protocol/structs.js';
import { ScriptedChannel } from './scripted-channel.js';
import { Session } from './session.js';

const ENOTTY = -25;
const EINVAL = -22;

const NONE: Buffer = Buffer.alloc(0);

interface Command {
  readonly data?: Buffer;
  readonly out?: number;
  /** Bytes that are said to follow. Default: as many as do. */
  readonly size?: number;
  readonly flags?: number;
}

function started(fs: FileSystem) {
  const channel = new ScriptedChannel();
  new Session(fs, channel).start();
  channel.init();
  const ioctl = (cmd: number, { data = NONE, out = 0, size = -1, flags = 0 }: Command) =>
    channel.ask('IOCTL', {
      node: 7,
      fields: { cmd, flags, in_size: size < 0 ? data.length : size, out_size: out, fh: 5 },
      data,
    });
  return { channel, ioctl };
}

const more = { extsize: 4096, nextents: 3, projid: 9, cowextsize: 8192 };

test('file attributes come in the form that was asked for', () => {
  const asked: unknown[] = [];
  const { ioctl } = started({
    getFileAttributes: (_req, node, fh, form) => {
      asked.push([node, fh, form]);
      return form === 'flags' ? { form, bits: 0x8000_0040 } : { form, bits: 0x80, more };
    },
  });
  const flags = ioctl(FS_IOC.GETFLAGS, { out: 4 });
  expect([flags.error, flags.body.length]).toEqual([0, IOCTL_OUT.size + 4]);
  expect(flags.body.readUInt32LE(IOCTL_OUT.size)).toBe(0x8000_0040);
  const whole = ioctl(FS_IOC.FSGETXATTR, { out: 28 });
  expect(whole.body.subarray(IOCTL_OUT.size)).toEqual(
    encodeStruct(FSXATTR, { xflags: 0x80, ...more }),
  );
  expect(asked).toEqual([
    [7, 5, 'flags'],
    [7, 5, 'fsxattr'],
  ]);
});

test('a change comes whole, and its time of change reaches the kernel', () => {
  const sets: FileAttributes[] = [];
  const { channel, ioctl } = started({
    setFileAttributes: (_req, _node, _fh, set) => void sets.push(set),
  });
  const flags = encodeStruct(FILE_FLAGS, { flags: 0x40 });
  expect(ioctl(FS_IOC.SETFLAGS, { data: flags })).toMatchObject({ error: 0 });
  const fsxattr = encodeStruct(FSXATTR, { xflags: 0x80, ...more });
  expect(ioctl(FS_IOC.FSSETXATTR, { data: fsxattr })).toMatchObject({ error: 0 });
  expect(sets).toEqual([
    { form: 'flags', bits: 0x40 },
    { form: 'fsxattr', bits: 0x80, more },
  ]);
  // Before the answer: the next `stat` must not come in between.
  expect([...channel.replies.keys()].slice(-3)).toEqual([0n, 4n, 6n]);
  const told = channel.replies
    .get(0n)
    ?.map(({ error, body }) => [
      error,
      body.readBigUInt64LE(NOTIFY_INVAL_INODE.at.ino),
      body.readBigInt64LE(NOTIFY_INVAL_INODE.at.off),
    ]);
  const changed = [NOTIFY.INVAL_INODE, 7n, -1n];
  expect(told).toEqual([changed, changed]);
});

test('what is too short is EINVAL, what nobody serves ENOTTY', () => {
  const { ioctl } = started({
    getFileAttributes: (_req, _node, _fh, form) => ({ form, bits: 0 }),
    setFileAttributes: () => undefined,
  });
  expect(ioctl(FS_IOC.GETFLAGS, { out: 3 }).error).toBe(EINVAL);
  expect(ioctl(FS_IOC.FSGETXATTR, { out: 27 }).error).toBe(EINVAL);
  expect(ioctl(FS_IOC.SETFLAGS, { data: Buffer.alloc(3) }).error).toBe(EINVAL);
  expect(ioctl(FS_IOC.FSSETXATTR, { data: Buffer.alloc(27) }).error).toBe(EINVAL);
  expect(ioctl(FS_IOC.SETFLAGS, { data: Buffer.alloc(3), size: 4 }).error).toBe(EINVAL);
  expect(ioctl(0x5401, {}).error).toBe(ENOTTY);
  expect(ioctl(FS_IOC.GETFLAGS, { out: 4, flags: IOCTL_UNRESTRICTED }).error).toBe(ENOTTY);
  expect(started({}).ioctl(FS_IOC.GETFLAGS, { out: 4 }).error).toBe(ENOTTY);
  expect(started({}).ioctl(FS_IOC.SETFLAGS, { data: Buffer.alloc(4) }).error).toBe(ENOTTY);
});

test('other commands are bytes in and out', () => {
  const { ioctl } = started({
    ioctl: (_req, _node, _fh, command, _argument, input, outSize) => ({
      result: 3,
      data: Buffer.from(`${command} ${input.toString()} ${outSize}`),
    }),
  });
  const { error, body } = ioctl(17, { data: Buffer.from('in'), out: 9 });
  expect([error, body.readInt32LE(IOCTL_OUT.at.result)]).toEqual([0, 3]);
  expect(body.toString('latin1', IOCTL_OUT.size)).toBe('17 in 9');
});
