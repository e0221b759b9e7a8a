import { setImmediate as turn } from 'node:timers/promises';

import { describe, expect, test } from '@jest/globals';

import type { Entry, FileSystem, Handle, NodeId, Request } from '../filesystem.js';
import { FsError } from '../fs-error.js';
import { nameFromUtf8 } from '../name.js';
import { encodeStruct } from '../protocol/layout.js';
import { BATCH_FORGET_IN, FORGET_ONE } from '../protocol/structs.js';
import { ScriptedChannel } from './scripted-channel.js';
import { Session, type SessionOptions } from './session.js';

const ENTRY: Entry = {
  node: 7 as NodeId,
  generation: 1,
  entryTtl: 1,
  attrTtl: 1,
  attr: {
    ino: 7n,
    mode: 0o100644,
    nlink: 1,
    uid: 0,
    gid: 0,
    rdev: 0,
    size: 5,
    blocks: 1,
    blksize: 4096,
    atimeNs: 1n,
    mtimeNs: 2n,
    ctimeNs: 3n,
  },
};

function started(fs: FileSystem, options: SessionOptions = {}) {
  const channel = new ScriptedChannel();
  const events: [string, Readonly<Record<string, unknown>>][] = [];
  const log = (event: string, fields: Readonly<Record<string, unknown>>) =>
    void events.push([event, fields]);
  const session = new Session(fs, channel, { log, ...options });
  session.start();
  channel.init();
  return { channel, session, events };
}

describe('answers', () => {
  test('a synchronous result is answered in the same turn', () => {
    const { channel } = started({ lookup: () => ENTRY });
    const reply = channel.ask('LOOKUP', { names: ['a'] });
    expect([reply.error, reply.body.readBigUInt64LE(0), reply.body.length]).toEqual([0, 7n, 128]);
  });

  test('a promise is answered when it settles', async () => {
    let resolve: (entry: Entry) => void = () => undefined;
    const { channel, session } = started({
      lookup: () => new Promise<Entry>((done) => (resolve = done)),
    });
    const unique = channel.send('LOOKUP', { names: ['a'] });
    expect([channel.isAnswered(unique), session.inFlight]).toEqual([false, 1]);
    resolve(ENTRY);
    await turn();
    expect([channel.answer(unique).error, session.inFlight]).toEqual([0, 0]);
  });

  test('an FsError is its errno; anything else is EIO and logged once with operation and node', async () => {
    const { channel, events } = started({
      lookup: () => {
        throw FsError.of(13);
      },
      getattr: () => {
        throw new Error('bug');
      },
      unlink: () => Promise.reject(new Error('late bug')),
    });
    expect(channel.ask('LOOKUP', { names: ['a'] }).error).toBe(-13);
    expect(events).toEqual([]);
    expect(channel.ask('GETATTR', { node: 5 }).error).toBe(-5);
    const unique = channel.send('UNLINK', { node: 6, names: ['x'] });
    await turn();
    expect(channel.answer(unique).error).toBe(-5);
    expect(events.map(([event, f]) => [event, f['op'], f['node']])).toEqual([
      ['fuse.unexpected', 'GETATTR', 5],
      ['fuse.unexpected', 'UNLINK', 6],
    ]);
  });

  test('an FsError with a cause is heard of: a program got an error for something that failed', async () => {
    const cause = new Error('the line was cut');
    const { channel, events } = started({
      lookup: () => {
        throw FsError.of(5, 'listing of /a: the line was cut', cause);
      },
      getattr: () => Promise.reject(FsError.of(4, 'interrupted', cause)),
    });
    expect(channel.ask('LOOKUP', { names: ['a'] }).error).toBe(-5);
    const unique = channel.send('GETATTR', { node: 5 });
    await turn();
    expect(channel.answer(unique).error).toBe(-4);
    expect(events).toEqual([
      ['fuse.failed', { op: 'LOOKUP', errno: 5, reason: 'listing of /a: the line was cut' }],
    ]);
  });

  test('a result that cannot be encoded is EIO, and what it referred to is given back', () => {
    const forgotten: number[] = [];
    const { channel } = started({
      lookup: () => ({ ...ENTRY, attr: { ...ENTRY.attr, size: -1 } }),
      forget: (node) => void forgotten.push(node),
    });
    expect(channel.ask('LOOKUP', { names: ['a'] }).error).toBe(-5);
    expect(forgotten).toEqual([7]);
  });

  test('a reply that the kernel refuses is followed by EIO', () => {
    const { channel, events } = started({ lookup: () => ENTRY });
    channel.verdict = -22;
    expect(channel.ask('LOOKUP', { names: ['a'] }).error).toBe(-5);
    expect(events[0]?.[0]).toBe('fuse.reply-refused');
  });

  test('unknown opcodes and what a file system leaves out are ENOSYS', () => {
    const { channel } = started({});
    const unknown = Buffer.alloc(40);
    unknown.writeUInt32LE(40, 0);
    unknown.writeUInt32LE(4242, 4);
    unknown.writeBigUInt64LE(99n, 8);
    channel.raw(unknown);
    expect(channel.answer(99n).error).toBe(-38);
    for (const name of ['MKDIR', 'FLUSH', 'STATX', 'POLL', 'OPEN', 'OPENDIR'] as const) {
      expect([name, channel.ask(name, { names: name === 'MKDIR' ? ['d'] : [] }).error]).toEqual([
        name,
        -38,
      ]);
    }
    expect(channel.ask('RELEASE').error).toBe(0);
    expect(channel.ask('STATFS').error).toBe(0);
  });

  test('a read is filled in place, and a count that is not possible is EIO', () => {
    let count = 5;
    const { channel } = started({
      read(_req, _node, _fh, _offset, into) {
        into.write('hello');
        return count;
      },
    });
    const fields = { size: 100 };
    expect(channel.ask('READ', { fields }).body.toString()).toBe('hello');
    count = 101;
    expect(channel.ask('READ', { fields }).error).toBe(-5);
    expect(channel.ask('READ', { fields: { size: 2 ** 31 } }).error).toBe(-22);
  });

  test('the bytes of a write stay the file system’s until its promise settles', async () => {
    const { promise, resolve } = deferred<number>();
    const seen: Buffer[] = [];
    const { channel } = started({
      write: (_req, _node, _fh, _offset, data) => {
        seen.push(data);
        return promise;
      },
    });
    const unique = channel.send('WRITE', { fields: { size: 3 }, data: Buffer.from('abc') });
    expect(channel.recycled).toHaveLength(0);
    expect(seen[0]?.toString()).toBe('abc');
    resolve(3);
    await turn();
    expect(channel.answer(unique).body.readUInt32LE(0)).toBe(3);
    expect(channel.recycled).toHaveLength(1);
  });
});

describe('interrupts', () => {
  test('the signal is aborted and the original answered EINTR; the INTERRUPT is not answered', async () => {
    let asked: Request | undefined;
    const { promise, resolve } = deferred<Entry>();
    const forgotten: number[] = [];
    const { channel, session } = started({
      lookup(req) {
        asked = req;
        void req.signal;
        return promise;
      },
      forget: (node) => void forgotten.push(node),
    });
    const unique = channel.send('LOOKUP', { names: ['slow'] });
    const interrupt = channel.send('INTERRUPT', { fields: { unique }, unique: unique + 1n });
    expect([asked?.interrupted, asked?.signal.aborted]).toEqual([true, true]);
    await turn();
    expect(channel.answer(unique).error).toBe(-4);
    expect(channel.isAnswered(interrupt)).toBe(false);
    // What comes too late holds no reference of the kernel.
    resolve(ENTRY);
    await turn();
    expect(channel.answer(unique).error).toBe(-4);
    expect([forgotten, session.references.outstanding, session.inFlight]).toEqual([[7], 0, 0]);
  });

  test('the file system’s own answer to the signal comes first', async () => {
    const { channel } = started({
      lookup: (req) =>
        new Promise((_resolve, reject) => {
          req.signal.addEventListener('abort', () => reject(FsError.of(110)));
        }),
    });
    const unique = channel.send('LOOKUP', { names: ['slow'] });
    channel.send('INTERRUPT', { fields: { unique } });
    await turn();
    expect(channel.answer(unique).error).toBe(-110);
  });

  test('an interrupt of what is answered already changes nothing; one ahead of its request holds', async () => {
    const seen: boolean[] = [];
    const { channel } = started({
      lookup(req) {
        seen.push(req.interrupted);
        return req.interrupted ? new Promise(() => undefined) : ENTRY;
      },
    });
    const done = channel.send('LOOKUP', { names: ['a'] });
    channel.send('INTERRUPT', { fields: { unique: done } });
    channel.send('INTERRUPT', { fields: { unique: 1000n } });
    channel.send('LOOKUP', { names: ['b'], unique: 1000n });
    await turn();
    expect([channel.answer(done).error, channel.answer(1000n).error, seen]).toEqual([
      0,
      -4,
      [false, true],
    ]);
  });

  test('an open that the kernel did not take is released', async () => {
    const released: number[] = [];
    const { channel } = started({
      open: () => ({ fh: 42 as Handle }),
      release: (_req, _node, fh) => void released.push(fh),
    });
    channel.verdict = -2;
    channel.send('OPEN');
    await turn();
    expect(released).toEqual([42]);
  });
});

describe('references', () => {
  test('lookups and forgets are accounted for, per node when asked', () => {
    const { channel, session } = started({ lookup: () => ENTRY }, { trackReferences: true });
    for (let i = 0; i < 3; i += 1) channel.send('LOOKUP', { names: ['a'] });
    expect([session.references.outstanding, session.references.byNode?.get(7 as NodeId)]).toEqual([
      3, 3,
    ]);
    channel.send('FORGET', { node: 7, fields: { nlookup: 1 } });
    const ones = encodeStruct(FORGET_ONE, { nodeid: 7, nlookup: 2 });
    channel.send('BATCH_FORGET', { fields: { count: 1 }, data: ones });
    expect([session.references.outstanding, session.references.byNode?.size]).toEqual([0, 0]);
  });

  test('a count that claims more than was sent is not followed beyond the request', () => {
    const forgotten: number[] = [];
    const { channel } = started({ forget: (node) => void forgotten.push(node) });
    channel.send('BATCH_FORGET', { fields: { count: 4_000_000_000 }, data: Buffer.alloc(20, 1) });
    expect(forgotten).toHaveLength(1);
    expect(BATCH_FORGET_IN.size).toBe(8);
  });

  test('READDIRPLUS takes one for each entry with a node, and none when the listing fails', () => {
    let fail = false;
    const forgotten: number[] = [];
    const { channel, session } = started({
      readdir(_req, _node, _fh, _offset, sink) {
        sink.add(nameFromUtf8('.'), 1n, 0o40000, 1);
        sink.addEntry(nameFromUtf8('a'), ENTRY, 2);
        if (fail) throw FsError.of(5);
      },
      forget: (node) => void forgotten.push(node),
    });
    const reply = channel.ask('READDIRPLUS', { fields: { size: 4096 } });
    expect([reply.body.length, session.references.outstanding]).toEqual([2 * (128 + 32), 1]);
    fail = true;
    expect(channel.ask('READDIRPLUS', { fields: { size: 4096 } }).error).toBe(-5);
    expect([session.references.outstanding, forgotten]).toEqual([1, [7]]);
  });
});

describe('the end', () => {
  test('what is pending is told, waited for, and `destroy` comes last', async () => {
    const order: string[] = [];
    const { channel, session } = started({
      lookup: (req) =>
        new Promise((_resolve, reject) => {
          req.signal.addEventListener('abort', () => {
            order.push('aborted');
            setTimeout(() => {
              order.push('finished');
              reject(FsError.of(4));
            }, 5);
          });
        }),
      destroy: () => void order.push('destroyed'),
    });
    channel.send('LOOKUP', { names: ['slow'] });
    channel.end({ reason: 'unmounted' });
    expect(await session.closed).toEqual({ reason: 'unmounted' });
    expect(order).toEqual(['aborted', 'finished', 'destroyed']);
  });

  test('a file system that does not finish is waited for with a limit', async () => {
    const { channel, session, events } = started(
      { lookup: () => new Promise(() => undefined) },
      { drainMs: 20 },
    );
    channel.send('LOOKUP', { names: ['stuck'] });
    channel.end({ reason: 'aborted' });
    expect(await session.closed).toEqual({ reason: 'aborted' });
    expect(events.map(([event]) => event)).toEqual(['fuse.drain-timeout']);
  });
});

describe('notifications', () => {
  test('wait for nothing, keep their order, and `settled` is when they have arrived', async () => {
    const { channel, session } = started({ lookup: () => ENTRY });
    const info = await session.ready;
    const gate = deferred<void>();
    channel.gate = gate.promise;
    info.notify.invalEntry(1 as NodeId, nameFromUtf8('a'));
    info.notify.invalInode(7 as NodeId, 0, 0);
    info.notify.deleteEntry(1 as NodeId, 7 as NodeId, nameFromUtf8('b'));
    info.notify.expireEntry(1 as NodeId, nameFromUtf8('c'));
    const settled = info.notify.settled();
    // Requests are answered meanwhile: what blocks the kernel's side may be waiting for just that.
    expect(channel.ask('LOOKUP', { names: ['x'] }).error).toBe(0);
    expect(channel.notifications).toHaveLength(0);
    gate.resolve();
    await settled;
    expect(channel.notifications.map((m) => m.readInt32LE(4))).toEqual([3, 2, 6, 3]);
    expect(channel.notifications.map((m) => m.readUInt32LE(0) === m.length)).toEqual(
      channel.notifications.map(() => true),
    );
    expect(channel.notifications[3]?.readUInt32LE(16 + 12)).toBe(1);
  });
});

describe('passthrough', () => {
  const opens = (backingFd: number | undefined): FileSystem => ({
    open: () => ({ fh: 1 as Handle, ...(backingFd === undefined ? {} : { backingFd }) }),
  });

  test('one backing id per inode as long as it is open', () => {
    const { channel, session } = started(opens(9));
    let next = 11;
    channel.backing = () => next++;
    const ids = [1, 2].map(() => channel.ask('OPEN', { node: 5 }).body.readInt32LE(12));
    expect([ids, session.backingFiles]).toEqual([[11, 11], 1]);
    channel.ask('RELEASE', { node: 5 });
    expect(channel.closedBacking).toEqual([]);
    channel.ask('RELEASE', { node: 5 });
    expect([channel.closedBacking, session.backingFiles]).toEqual([[11], 0]);
    expect(channel.ask('OPEN', { node: 5 }).body.readInt32LE(12)).toBe(12);
  });

  test('EPERM falls back to plain reads, once and for all, and says so once', () => {
    const events: unknown[] = [];
    let plain = 0;
    const fs: FileSystem = {
      open: () => ({ fh: 1 as Handle, backingFd: 9, onPlain: () => (plain += 1) }),
    };
    const { channel } = started(fs, { log: (event, fields) => events.push([event, fields]) });
    let calls = 0;
    channel.backing = () => {
      calls += 1;
      return -1;
    };
    for (const node of [5, 6]) {
      const { error, body } = channel.ask('OPEN', { node });
      expect([error, body.readUInt32LE(8), body.readInt32LE(12)]).toEqual([0, 0, 0]);
    }
    expect([calls, plain]).toEqual([1, 2]);
    expect(events).toEqual([['fuse.no-passthrough', { errno: 1 }]]);
  });

  test('a node that is open without it stays so: the kernel refuses a mixture', () => {
    const { channel } = started(opens(9));
    channel.backing = () => -22;
    channel.ask('OPEN', { node: 5 });
    channel.backing = () => 33;
    expect(channel.ask('OPEN', { node: 5 }).body.readInt32LE(12)).toBe(0);
    expect(channel.ask('OPEN', { node: 6 }).body.readInt32LE(12)).toBe(33);
  });
});

function deferred<T>() {
  let resolve: (value: T) => void = () => undefined;
  const promise = new Promise<T>((done) => (resolve = done));
  return { promise, resolve };
}
