import { fail } from '../errno.js';
import type { DirSink, Entry, FileSystem, Handle, NodeId, Request } from '../filesystem.js';
import type { Name } from '../name.js';
import type { Listed, OpenDirectory } from './client.js';
import type { References } from './references.js';

/** Takes as many entries as there is room for. */
class CountingSink implements DirSink {
  readonly listed: Listed[] = [];
  readonly entries: Entry[] = [];

  constructor(
    readonly plus: boolean,
    readonly room: number,
  ) {}

  add(name: Name, ino: bigint, type: number, offset: number): boolean {
    if (this.listed.length >= this.room) return false;
    this.listed.push({ name, ino, type: type & 0o170000, cookie: BigInt(offset) });
    return true;
  }

  addEntry(name: Name, entry: Entry, offset: number): boolean {
    if (!this.plus) throw new TypeError('addEntry is for READDIRPLUS only');
    if (!this.add(name, entry.attr.ino, entry.attr.mode, offset)) return false;
    this.entries.push(entry);
    return true;
  }
}

export class DirectDirectory implements OpenDirectory {
  #offset = 0;
  #open = true;

  constructor(
    readonly fs: FileSystem,
    readonly req: Request,
    readonly references: References,
    readonly node: NodeId,
    readonly fh: Handle,
    /** It holds a lookup reference. */
    readonly counted: boolean,
  ) {}

  async read(room: number): Promise<readonly Listed[]> {
    return (await this.#fill(room, false)).listed;
  }

  /** READDIRPLUS: attributes of the entries by name, without those that came with name and type alone. */
  async readPlus(room: number): Promise<readonly Entry[]> {
    const { entries } = await this.#fill(room, true);
    for (const entry of entries) {
      if (entry.node === 0) continue;
      this.references.take(entry);
      this.references.forget(entry.node);
    }
    return entries;
  }

  async #fill(room: number, plus: boolean): Promise<CountingSink> {
    if (!this.#open) throw fail('EBADF', 'closed');
    if (this.fs.readdir === undefined) throw fail('ENOSYS');
    const sink = new CountingSink(plus, room);
    await this.fs.readdir(this.req, this.node, this.fh, this.#offset, sink);
    const last = sink.listed.at(-1);
    if (last !== undefined) this.#offset = Number(last.cookie);
    return sink;
  }

  async seek(cookie: bigint): Promise<void> {
    this.#offset = Number(cookie);
  }

  async close(): Promise<void> {
    if (!this.#open) throw fail('EBADF', 'closed');
    this.#open = false;
    try {
      await this.fs.releasedir?.(this.req, this.node, this.fh);
    } finally {
      if (this.counted) this.references.forget(this.node);
    }
  }
}
