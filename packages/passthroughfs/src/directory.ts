import type { DirSink, Handle, Name, NodeId, OpenReply } from '@scorpiofs/fuse';
import {
  close,
  DT,
  eachDirent,
  failed,
  fstat,
  getdents,
  lseek,
  O,
  S,
  SEEK,
} from '@scorpiofs/posix';

import { entryOf, shownIno } from './attr.js';
import { check, failure } from './fail.js';
import type { Host } from './host.js';
import type { HostNode } from './node.js';
import { dropUnreferenced, observe } from './observe.js';

// One read of the host's directory: some thousand entries at most, well under a millisecond.
const room = Buffer.alloc(32 * 1024);

interface HostEntry {
  readonly name: Name;
  readonly ino: bigint;
  /** S_IFMT bits; 0 where the host does not say. */
  readonly type: number;
  /** The host's position after the entry. */
  readonly off: bigint;
}

/** Visits the next part of a directory; false at its end. */
export function eachInPart(
  fd: number,
  visit: (name: Name, ino: bigint, type: number, off: bigint) => void,
): boolean {
  const length = getdents(fd, room);
  // A directory that was removed while open is empty.
  if (length === failed('ENOENT')) return false;
  eachDirent(room, check(length), (name, ino, type, off) =>
    visit(name as Name, ino, type === DT.UNKNOWN ? 0 : type << 12, off),
  );
  return length > 0;
}

function readPart(fd: number): HostEntry[] {
  const part: HostEntry[] = [];
  eachInPart(fd, (name, ino, type, off) => part.push({ name, ino, type, off }));
  return part;
}

/**
 * An open directory and its cookies. The host's positions can have 63 bits, a cookie has 53: so the nth entry read gets
 * cookie n, and the host's position behind it is kept (8 bytes each). Going back to a cookie goes back to that position,
 * and an entry met again keeps its cookie: the listing is as stable as the host's own, whatever comes and goes meanwhile.
 */
export class OpenDirectory {
  /** Of cookie n at n - 1. */
  #positions = new BigInt64Array(256);
  #count = 0;
  /** Cookie by position; made only when entries met again are not those that were there. */
  #cookies: Map<bigint, number> | undefined;
  #part: readonly HostEntry[] = [];
  #partCookies: number[] = [];
  #next = 0;
  /** Cookie of the last entry of `#part`, or where reading goes on. */
  #end = 0;

  constructor(
    readonly node: HostNode,
    readonly fd: number,
  ) {}

  /** Makes `peek` give the entry behind the one with this cookie; 0 starts over. */
  seek(cookie: number): void {
    if (cookie === this.#at()) return;
    // The kernel asks again for the end of an answer it had no room for: that is in the part at hand.
    const index = this.#partCookies.indexOf(cookie);
    if (index >= 0) this.#next = index + 1;
    else if (cookie === 0) this.#goTo(0, 0n);
    else if (cookie <= this.#count) this.#goTo(cookie, this.#positions[cookie - 1] ?? 0n);
    else this.#skipTo(cookie);
  }

  /** The next entry; undefined at the end. */
  peek(): HostEntry | undefined {
    if (this.#next >= this.#part.length) this.#readOn();
    return this.#part[this.#next];
  }

  /** The cookie of the entry that `peek` gives. */
  get cookie(): number {
    return this.#partCookies[this.#next] ?? this.#end;
  }

  advance(): void {
    this.#next++;
  }

  #at(): number {
    return this.#next === 0 ? this.#before : (this.#partCookies[this.#next - 1] ?? this.#end);
  }
  /** Cookie behind which `#part` begins. */
  #before = 0;

  #readOn(): void {
    this.#before = this.#end;
    this.#next = 0;
    this.#part = readPart(this.fd);
    this.#partCookies = this.#part.map((entry) => (this.#end = this.#cookieOf(entry.off)));
  }

  #goTo(cookie: number, position: bigint): void {
    check(lseek(this.fd, position, SEEK.SET));
    // Starting over, the directory may be another one altogether: cookies begin anew (rewinddir(3)).
    if (cookie === 0) {
      this.#count = 0;
      this.#cookies = undefined;
    }
    this.#part = [];
    this.#partCookies = [];
    this.#next = 0;
    this.#before = this.#end = cookie;
  }

  /** A cookie from another open of this directory: as many entries as it says are passed. */
  #skipTo(cookie: number): void {
    this.#goTo(this.#count, this.#positions[this.#count - 1] ?? 0n);
    while (this.#end < cookie) {
      this.#readOn();
      if (this.#part.length === 0) return;
    }
    this.#next = this.#partCookies.indexOf(cookie) + 1;
  }

  #cookieOf(position: bigint): number {
    if (this.#end < this.#count) {
      if (this.#positions[this.#end] === position) return this.#end + 1;
      const known = this.#allCookies().get(position);
      if (known !== undefined) return known;
    }
    if (this.#count === this.#positions.length) {
      const larger = new BigInt64Array(this.#count * 2);
      larger.set(this.#positions);
      this.#positions = larger;
    }
    this.#positions[this.#count++] = position;
    this.#cookies?.set(position, this.#count);
    return this.#count;
  }

  #allCookies(): Map<bigint, number> {
    if (this.#cookies === undefined) {
      this.#cookies = new Map();
      for (let i = 0; i < this.#count; i++) this.#cookies.set(this.#positions[i] ?? 0n, i + 1);
    }
    return this.#cookies;
  }
}

export function opendir(host: Host, id: NodeId): OpenReply {
  const node = host.nodes.get(id);
  if (node.type !== S.IFDIR) throw failure('ENOTDIR');
  const fd = check(host.descriptors.openNew(node, O.O_RDONLY | O.O_DIRECTORY));
  const fh = (fd + 1) as Handle;
  host.directories.set(fh, new OpenDirectory(node, fd));
  const exclusive = host.options.exclusive === true;
  return { fh, cacheDir: exclusive, keepCache: exclusive };
}

export function openDirectory(host: Host, fh: Handle): OpenDirectory {
  const directory = host.directories.get(fh);
  if (directory === undefined) throw failure('EBADF');
  return directory;
}

export function readdir(host: Host, fh: Handle, offset: number, sink: DirSink): void {
  const directory = openDirectory(host, fh);
  directory.seek(offset);
  for (let entry = directory.peek(); entry !== undefined; entry = directory.peek()) {
    if (!give(host, directory, entry, sink)) return;
    directory.advance();
  }
}

function give(host: Host, directory: OpenDirectory, entry: HostEntry, sink: DirSink): boolean {
  const { node, fd, cookie } = directory;
  const isDot = entry.name === '.' || entry.name === '..';
  if (!sink.plus || isDot) return giveName(host, node, entry, cookie, sink);
  const found = observe(host, node, fd, entry.name);
  // Removed since the host listed it: it is as if it had been before.
  if (found === failed('ENOENT')) return true;
  if (typeof found === 'number') return giveName(host, node, entry, cookie, sink);
  const given = sink.addEntry(entry.name, entryOf(host, found), cookie);
  if (given) found.lookups++;
  else dropUnreferenced(host, found);
  return given;
}

function giveName(
  host: Host,
  node: HostNode,
  entry: HostEntry,
  cookie: number,
  sink: DirSink,
): boolean {
  // What lies above the source is nobody's business.
  const isAbove = entry.name === '..' && node === host.nodes.root();
  const own = isAbove ? inoOfRoot(host) : entry.ino;
  return sink.add(entry.name, shownIno(node.mount, own), entry.type, cookie);
}

function inoOfRoot(host: Host): bigint {
  check(fstat(host.nodes.root().fd, host.stat));
  return host.stat.ino;
}

export function releasedir(host: Host, fh: Handle): void {
  const { fd } = openDirectory(host, fh);
  host.directories.delete(fh);
  close(fd);
}
