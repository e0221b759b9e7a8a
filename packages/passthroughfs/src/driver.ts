import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';

import {
  FsError,
  nameFromBytes,
  ROOT_NODE,
  type DirSink,
  type Entry,
  type Handle,
  type Name,
  type NodeId,
  type Request,
} from '@scorpiofs/fuse';
import { errnoName } from '@scorpiofs/posix';

import type { PassthroughOptions } from './options.js';
import { PassthroughFs } from './passthrough-fs.js';
import { makeSource, tmpfs } from './source-folder.js';

/** For tests: a caller. */
export function caller(uid = 0, gid = uid): Request {
  const { signal } = new AbortController();
  return { uid, gid, pid: process.pid, interrupted: false, signal };
}

export const root = caller();
export const name = (text: string) => nameFromBytes(Buffer.from(text));

/** For tests: the errno's name that `call` fails with, or `none`. */
export function errnoOf(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    if (error instanceof FsError) return errnoName(error.errno);
    throw error;
  }
  return 'none';
}

export interface Listed {
  readonly name: string;
  readonly ino: bigint;
  readonly type: number;
  readonly offset: number;
  readonly entry: Entry | undefined;
}

/** For tests: takes `room` entries, then says that there is no room. */
export class Sink implements DirSink {
  readonly entries: Listed[] = [];
  constructor(
    readonly plus: boolean,
    readonly room: number,
  ) {}
  add(entry: Name, ino: bigint, type: number, offset: number): boolean {
    return this.#push({ name: entry, ino, type, offset, entry: undefined });
  }
  addEntry(named: Name, entry: Entry, offset: number): boolean {
    const { ino, mode } = entry.attr;
    return this.#push({ name: named, ino, type: mode & 0o170000, offset, entry });
  }
  #push(listed: Listed): boolean {
    if (this.entries.length >= this.room) return false;
    this.entries.push(listed);
    return true;
  }
}

/** For tests: a source directory and the file system over it; both end with the block. */
export class Driver implements Disposable {
  readonly dir: string;
  readonly fs: PassthroughFs;

  constructor(options: PassthroughOptions = {}, prepare?: (dir: string) => void, place = tmpfs) {
    this.dir = makeSource(place);
    fs.chmodSync(this.dir, 0o755);
    prepare?.(this.dir);
    this.fs = new PassthroughFs(this.dir, options);
  }

  host(relative: string): string {
    return path.join(this.dir, relative);
  }

  /** The entry at a path below the root; takes references on the way. */
  find(relative: string): Entry {
    let node: NodeId = ROOT_NODE;
    let entry: Entry | undefined;
    for (const part of relative.split('/')) {
      const found = this.fs.lookup(root, node, name(part));
      if (!('attr' in found)) throw FsError.of(2, `no ${part}`);
      entry = found;
      node = found.node;
    }
    if (entry === undefined) throw new Error('empty path');
    return entry;
  }

  node(relative: string): NodeId {
    return this.find(relative).node;
  }

  /** Everything, asked for `room` entries at a time. */
  list(node: NodeId, plus = false, room = 7): Listed[] {
    const { fh } = this.fs.opendir(root, node);
    const all: Listed[] = [];
    for (;;) {
      const sink = new Sink(plus, room);
      this.fs.readdir(root, node, fh, all.at(-1)?.offset ?? 0, sink);
      if (sink.entries.length === 0) break;
      all.push(...sink.entries);
    }
    this.fs.releasedir(root, node, fh);
    return all;
  }

  async read(node: NodeId, fh: Handle, length = 4096, offset = 0): Promise<string> {
    const into = Buffer.alloc(length);
    const n = await this.fs.read(root, node, fh, offset, into);
    return into.toString('latin1', 0, n);
  }

  [Symbol.dispose](): void {
    this.fs.destroy();
    // Not `fs.rmSync`: it loses names that are not UTF-8, and paths over 4096 bytes.
    execFileSync('rm', ['-rf', this.dir]);
  }
}

/** For tests: how nodes are named; the second as without CAP_DAC_READ_SEARCH. */
export const BOTH_WAYS = [{ handles: 'auto' }, { handles: 'never' }] as const;

export const isRoot = process.geteuid?.() === 0;
