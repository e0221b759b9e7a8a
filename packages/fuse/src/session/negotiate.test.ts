import { describe, expect, test } from '@jest/globals';

import type { FileSystem } from '../filesystem.js';
import { INIT, type InitFlag } from '../protocol/flags.js';
import { INIT_OUT } from '../protocol/structs.js';
import { ScriptedChannel } from './scripted-channel.js';
import { Session } from './session.js';

function agreedWith(fs: FileSystem, offer?: bigint, minor?: number) {
  const channel = new ScriptedChannel();
  const session = new Session(fs, channel);
  session.start();
  const { error, body } = channel.init(offer, minor);
  const f = INIT_OUT.at;
  const flags =
    error === 0
      ? BigInt(body.readUInt32LE(f.flags)) | (BigInt(body.readUInt32LE(f.flags2)) << 32n)
      : 0n;
  const has = (flag: InitFlag) => ((flags >> BigInt(INIT[flag])) & 1n) === 1n;
  return { session, error, body, has };
}

describe('INIT', () => {
  test('takes what fuse-transport §2 lists and nothing that changes meaning', () => {
    const { has, body } = agreedWith({
      open: () => ({ fh: 0 as never }),
      readdir: () => undefined,
    });
    const on: InitFlag[] = ['MAX_PAGES', 'DO_READDIRPLUS', 'READDIRPLUS_AUTO', 'PARALLEL_DIROPS'];
    on.push('HANDLE_KILLPRIV_V2', 'ASYNC_DIO', 'SETXATTR_EXT', 'INIT_EXT', 'HAS_EXPIRE_ONLY');
    on.push('PASSTHROUGH', 'ATOMIC_O_TRUNC', 'ABORT_ERROR');
    const off: InitFlag[] = ['WRITEBACK_CACHE', 'EXPORT_SUPPORT', 'POSIX_LOCKS', 'FLOCK_LOCKS'];
    off.push('POSIX_ACL', 'DONT_MASK', 'ALLOW_IDMAP', 'CACHE_SYMLINKS', 'HANDLE_KILLPRIV');
    expect(on.filter((flag) => !has(flag))).toEqual([]);
    expect(off.filter(has)).toEqual([]);
    expect(body.readUInt32LE(INIT_OUT.at.max_write)).toBe(1024 * 1024);
    expect(body.readUInt16LE(INIT_OUT.at.max_pages)).toBe(256);
    expect(body.readUInt32LE(INIT_OUT.at.max_stack_depth)).toBe(1);
  });

  test('options ask for more', () => {
    const { has } = agreedWith({
      open: () => ({ fh: 0 as never }),
      options: {
        writebackCache: true,
        exportSupport: true,
        remoteLocks: true,
        posixAcl: true,
        dontMask: true,
        allowIdmap: true,
        cacheSymlinks: true,
        atomicOTrunc: false,
      },
    });
    const on: InitFlag[] = ['WRITEBACK_CACHE', 'EXPORT_SUPPORT', 'POSIX_LOCKS', 'FLOCK_LOCKS'];
    on.push('POSIX_ACL', 'DONT_MASK', 'ALLOW_IDMAP', 'CACHE_SYMLINKS');
    expect(on.filter((flag) => !has(flag))).toEqual([]);
    // The kernel refuses the one with the other.
    expect([has('PASSTHROUGH'), has('ATOMIC_O_TRUNC')]).toEqual([false, false]);
  });

  test('without `open`, truncation must come as SETATTR and there is no passthrough', () => {
    const { has } = agreedWith({});
    expect([has('ATOMIC_O_TRUNC'), has('PASSTHROUGH')]).toEqual([false, false]);
  });

  test('an older kernel gets what it offers', async () => {
    const { session, body, has } = agreedWith({}, 1n << BigInt(INIT.BIG_WRITES), 27);
    const info = await session.ready;
    expect([has('BIG_WRITES'), has('MAX_PAGES'), info.protocolMinor, info.noOpen]).toEqual([
      true,
      false,
      27,
      false,
    ]);
    expect([info.maxWrite, body.readUInt16LE(INIT_OUT.at.max_pages)]).toEqual([131_072, 0]);
  });

  test('no common version: EPROTO and a rejected `ready`', async () => {
    const { session, error } = agreedWith({}, 0n, 19);
    expect(error).toBe(-71);
    await expect(session.ready).rejects.toThrow(/protocol/);
  });

  test('a request before INIT is EIO', () => {
    const channel = new ScriptedChannel();
    new Session({ statfs: () => Promise.reject(new Error('not asked')) }, channel).start();
    expect(channel.ask('STATFS').error).toBe(-5);
  });
});
