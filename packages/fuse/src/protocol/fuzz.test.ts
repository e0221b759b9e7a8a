import { setImmediate as turn } from 'node:timers/promises';

import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import type { FileSystem, Handle, NodeId } from '../filesystem.js';
import { encodeRequest, ScriptedChannel } from '../session/scripted-channel.js';
import { Session } from '../session/session.js';
import { describeRequest } from '../session/trace.js';
import { OPERATIONS } from './operations.js';
import { IN_HEADER } from './structs.js';

const entry = {
  node: 2 as NodeId,
  generation: 0,
  entryTtl: 1,
  attrTtl: 1,
  attr: {
    ino: 2n,
    mode: 0o100644,
    nlink: 1,
    uid: 0,
    gid: 0,
    rdev: 0,
    size: 0,
    blocks: 0,
    blksize: 512,
    atimeNs: 0n,
    mtimeNs: 0n,
    ctimeNs: 0n,
  },
};
const open = { fh: 1 as Handle };
const nothing = () => undefined;

/** Answers everything, so that random bytes get through to every decoder. */
const anything: FileSystem = {
  lookup: () => entry,
  getattr: () => entry,
  setattr: () => entry,
  readlink: () => Buffer.from('x'),
  mknod: () => entry,
  mkdir: () => entry,
  unlink: nothing,
  rmdir: nothing,
  symlink: () => entry,
  rename: nothing,
  link: () => entry,
  open: () => open,
  create: () => ({ entry, open }),
  tmpfile: () => ({ entry, open }),
  read: () => 0,
  write: (_r, _n, _f, _o, data) => data.length,
  flush: nothing,
  release: nothing,
  fsync: nothing,
  opendir: () => open,
  readdir: nothing,
  releasedir: nothing,
  fsyncdir: nothing,
  syncfs: nothing,
  getxattr: () => Buffer.from('v'),
  setxattr: nothing,
  listxattr: () => [],
  removexattr: nothing,
  access: nothing,
  fallocate: nothing,
  lseek: () => 0,
  copyFileRange: () => 0,
  getlk: (_r, _n, _f, _o, lock) => lock,
  setlk: nothing,
  getFileAttributes: (_r, _n, _f, form) => ({ form, bits: 0 }),
  setFileAttributes: nothing,
  ioctl: () => ({ result: 0 }),
};

function session() {
  const channel = new ScriptedChannel();
  const events: string[] = [];
  new Session(anything, channel, { log: (event) => void events.push(event) }).start();
  channel.init();
  return { channel, events };
}

const operations = Object.values(OPERATIONS);
const UNIQUE = 77_777n;

/** A request of this operation, with any bytes behind a right header. */
function request(opcode: number, body: Uint8Array): Buffer {
  const b = Buffer.alloc(IN_HEADER.size + body.length);
  b.writeUInt32LE(b.length, IN_HEADER.at.len);
  b.writeUInt32LE(opcode, IN_HEADER.at.opcode);
  b.writeBigUInt64LE(UNIQUE, IN_HEADER.at.unique);
  b.writeBigUInt64LE(1n, IN_HEADER.at.nodeid);
  b.set(body, IN_HEADER.size);
  return b;
}

describe('the decoder', () => {
  test.each(operations)('$name: random bytes are answered once, or ignored', (op) => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 160 }), (body) => {
        const { channel, events } = session();
        const b = request(op.opcode, body);
        describeRequest(op, b, b.length);
        channel.raw(b);
        const count = channel.replies.get(UNIQUE)?.length ?? 0;
        expect(count).toBe(op.answered ? 1 : 0);
        // Nothing may have come out of the decoder as an accident.
        expect(events.filter((event) => event !== 'fuse.malformed')).toEqual([]);
      }),
      { numRuns: 60 },
    );
  });

  test.each(operations.filter((op) => op.fixed !== undefined && op.answered))(
    '$name: cut off anywhere, EINVAL',
    (op) => {
      const whole = encodeRequest(op.name, {
        names: Array.from({ length: op.names }, () => 'n'),
        unique: UNIQUE,
      });
      for (let length = IN_HEADER.size; length < whole.length; length += 1) {
        const { channel } = session();
        const cut = Buffer.from(whole.subarray(0, length));
        cut.writeUInt32LE(length, IN_HEADER.at.len);
        channel.raw(cut);
        const handled = op.name !== 'BMAP' && op.name !== 'POLL' && op.name !== 'STATX';
        expect([length, channel.answer(UNIQUE).error]).toEqual([length, handled ? -22 : -38]);
      }
    },
  );

  test('bytes that are no request at all never throw and never answer twice', async () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const { channel } = session();
        channel.raw(Buffer.from(bytes));
        for (const answers of channel.replies.values()) expect(answers).toHaveLength(1);
      }),
      { numRuns: 200 },
    );
    await turn();
  });
});
