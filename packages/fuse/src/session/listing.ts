import type { DirSink, Entry, NodeId } from '../filesystem.js';
import type { Name } from '../name.js';
import { ENTRY_SIZE, putEntry, putNext, sameKind } from '../protocol/attr.js';
import { getU32, getU64, putBigU64, putU32, putU64 } from '../protocol/layout.js';
import { DIRENT, ENTRY_OUT } from '../protocol/structs.js';
import type { References } from './references.js';

/** Directory entries, written straight into the reply. */
export class Listing implements DirSink {
  #at: number;
  /** An entry written before, and where: siblings mostly share all but number and size. */
  #last: Entry | undefined;
  #lastAt = 0;

  constructor(
    readonly plus: boolean,
    readonly buffer: Buffer,
    readonly from: number,
    readonly end: number,
  ) {
    this.#at = from;
  }

  /** Bytes written. */
  get length(): number {
    return this.#at - this.from;
  }

  add(name: Name, ino: bigint, type: number, offset: number): boolean {
    const at = this.#at;
    const head = this.plus ? ENTRY_SIZE : 0;
    if (at + head + direntSize(name) > this.end) return false;
    // A node id of 0: name and type only, the kernel takes no reference.
    if (this.plus) this.buffer.fill(0, at, at + head);
    this.#putDirent(at + head, name, ino, type, offset);
    return true;
  }

  addEntry(name: Name, entry: Entry, offset: number): boolean {
    if (!this.plus) throw new TypeError('addEntry is for READDIRPLUS only');
    const at = this.#at;
    if (at + ENTRY_SIZE + direntSize(name) > this.end) return false;
    const alike = this.#last !== undefined && sameKind(this.#last, entry);
    if (alike) {
      this.buffer.copyWithin(at, this.#lastAt, this.#lastAt + ENTRY_SIZE);
      putNext(this.buffer, at, entry);
    } else putEntry(this.buffer, at, entry);
    this.#putDirent(at + ENTRY_SIZE, name, entry.attr.ino, entry.attr.mode, offset);
    if (!alike) {
      // A copy: the file system may use the same objects for the next one.
      this.#last = { ...entry, attr: { ...entry.attr } };
      this.#lastAt = at;
    }
    return true;
  }

  #putDirent(at: number, name: Name, ino: bigint, type: number, offset: number): void {
    const b = this.buffer;
    putBigU64(b, at, DIRENT.at.ino, ino);
    putU64(b, at, DIRENT.at.off, offset);
    putU32(b, at, DIRENT.at.namelen, name.length);
    putU32(b, at, DIRENT.at.type, (type >> 12) & 15);
    const end = at + direntSize(name);
    b.write(name, at + DIRENT.size, 'latin1');
    for (let i = at + DIRENT.size + name.length; i < end; i++) b[i] = 0;
    // Only now: a throw above leaves the entry out.
    this.#at = end;
  }

  /** Tells the accounting about every entry with a node. */
  settle(references: References, taken: boolean): void {
    if (!this.plus) return;
    const b = this.buffer;
    for (let at = this.from; at < this.#at;) {
      const node = getU64(b, at, ENTRY_OUT.at.nodeid) as NodeId;
      if (node !== 0) {
        if (taken) references.taken(node);
        else references.notTaken(node);
      }
      const dirent = at + ENTRY_SIZE;
      at = dirent + align8(DIRENT.size + getU32(b, dirent, DIRENT.at.namelen));
    }
  }
}

function direntSize(name: Name): number {
  return align8(DIRENT.size + name.length);
}

function align8(size: number): number {
  return (size + 7) & ~7;
}
