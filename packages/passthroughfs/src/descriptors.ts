import {
  AT_FDCWD,
  close,
  errno,
  failed,
  fstat,
  O,
  openat,
  openByHandleAt,
  procPath,
  S,
  Stat,
} from '@scorpiofs/posix';

import type { HostNode } from './node.js';
import { keyOfStat, WANTED } from './identity.js';

const TABLE_FULL: ReadonlySet<number> = new Set([-errno.EMFILE, -errno.ENFILE]);

/**
 * A bounded set of descriptors of nodes, so that a walk does not open every directory for each name in it. Second
 * chance: a hand goes round, and closes what was not used since it last came by. Besides, those of nodes without a name.
 */
export class Descriptors {
  readonly #slots: HostNode[] = [];
  /** Nothing but their descriptor leads to these. */
  readonly #kept = new Set<HostNode>();
  readonly #stat = new Stat();
  #hand = 0;

  constructor(readonly capacity: number) {}

  /** How many are held; roots, mounts and open files are not counted. */
  get held(): number {
    const inCache = (node: HostNode) => node.fd >= 0 && !node.pinned && !this.#kept.has(node);
    return this.#slots.filter(inCache).length + this.#kept.size;
  }

  /**
   * A descriptor of the node or `-errno`: for reading where it is a directory, else O_PATH. It is the cache's, and good
   * until the next call; `keep` is a node whose descriptor must live through this one.
   */
  of(node: HostNode, keep?: HostNode): number {
    if (node.fd >= 0) {
      node.hot = true;
      return node.fd;
    }
    const fd = this.#openWithRoom(node, keep === undefined ? [] : [keep]);
    if (fd >= 0) this.add(node, fd, keep);
    return fd;
  }

  #openWithRoom(node: HostNode, keep: readonly HostNode[]): number {
    const fd = this.#open(node, keep[0]);
    if (!TABLE_FULL.has(fd) || this.#slots.length === 0) return fd;
    this.#shrink(keep);
    return this.#open(node, keep[0]);
  }

  /** Of a file that is open already if there is one: it works after the last name is gone. */
  ofAny(node: HostNode, keep?: HostNode): number {
    return node.files?.[0]?.fd ?? this.of(node, keep);
  }

  /** Gives a descriptor to the cache. */
  add(node: HostNode, fd: number, keep?: HostNode): void {
    node.fd = fd;
    node.listed = false;
    node.hot = true;
    // A call that needs two at a time has them, also where one is all the cache may hold.
    const isOnlyKept = this.#slots.length === 1 && this.#slots[0] === keep;
    if (this.#slots.length < this.capacity || isOnlyKept) this.#slots.push(node);
    else this.#slots[this.#victim(keep)] = node;
  }

  /**
   * A descriptor for a node whose last name is about to go, until `drop`. The kernel forgets such a node when nobody uses it
   * any more, so there are no more of these than others have files open. `others` keep theirs meanwhile.
   */
  keep(node: HostNode, ...others: readonly HostNode[]): void {
    if (node.pinned) return;
    if (node.fd < 0) {
      const fd = this.#openWithRoom(node, others);
      // No descriptor is no reason to refuse the removal.
      if (fd < 0) return;
      node.fd = fd;
    }
    this.#kept.add(node);
  }

  drop(node: HostNode): void {
    if (node.fd < 0 || node.pinned) return;
    this.#kept.delete(node);
    close(node.fd);
    node.fd = -1;
  }

  closeAll(): void {
    for (const node of this.#kept) this.drop(node);
    for (const node of this.#slots) this.drop(node);
    this.#slots.length = 0;
  }

  /** A descriptor of its own, opened with `flags`, or `-errno`. Never follows a symlink. */
  openNew(node: HostNode, flags: number): number {
    // A directory that is open leads to itself, which is less work than its handle.
    if (node.fd >= 0 && node.type === S.IFDIR) return openat(node.fd, '.', flags);
    if (node.mount.byHandle) {
      const fd = openByHandleAt(node.mount.fd, node.key, flags);
      // Most file systems do not find an unlinked file by its handle, although it is still open.
      if (fd !== failed('ESTALE') || (node.files === undefined && node.fd < 0)) return fd;
    }
    const path = this.ofAny(node);
    return path < 0 ? path : openat(AT_FDCWD, procPath(path), flags);
  }

  /**
   * A directory whose descriptor is in the cache gets a new one, for reading: the old one is the caller's. `-errno`: nothing has
   * changed.
   */
  renew(node: HostNode): number {
    const fd = openat(node.fd, '.', O.O_RDONLY | O.O_DIRECTORY);
    if (fd < 0) return fd;
    node.fd = fd;
    node.listed = false;
    return fd;
  }

  #open(node: HostNode, keep?: HostNode): number {
    const isDirectory = node.type === S.IFDIR;
    const flags = isDirectory ? O.O_RDONLY | O.O_DIRECTORY : O.O_PATH;
    if (node.mount.byHandle) return openByHandleAt(node.mount.fd, node.key, flags);
    return this.#openByName(node, flags | O.O_NOFOLLOW, keep);
  }

  /** The names are only hints: what they lead to now must be the very file, or it is gone as far as anyone can tell. */
  #openByName(node: HostNode, flags: number, keep?: HostNode): number {
    for (const { parent, name } of node.seenAs ?? []) {
      const dirfd = this.of(parent, keep);
      if (dirfd < 0) continue;
      let fd = openat(dirfd, name, flags);
      // A directory that may be searched but not read.
      if (fd === failed('EACCES')) fd = openat(dirfd, name, O.O_PATH | O.O_NOFOLLOW);
      if (TABLE_FULL.has(fd)) return fd;
      if (fd < 0) continue;
      if (fstat(fd, this.#stat, WANTED) === 0 && keyOfStat(this.#stat) === node.key) return fd;
      close(fd);
    }
    return failed('ESTALE');
  }

  #victim(keep: HostNode | undefined): number {
    for (;;) {
      this.#hand = (this.#hand + 1) % this.#slots.length;
      const node = this.#slots[this.#hand];
      if (node === undefined || node.fd < 0 || this.#kept.has(node)) return this.#hand;
      if (node === keep) continue;
      if (!node.hot) {
        this.drop(node);
        return this.#hand;
      }
      node.hot = false;
    }
  }

  // Others in this process need descriptors too: half is given back.
  #shrink(keep: readonly HostNode[]): void {
    const keeping = this.#slots.length >> 1;
    for (const node of this.#slots.splice(keeping)) {
      if (keep.includes(node)) this.#slots.push(node);
      else if (!this.#kept.has(node)) this.drop(node);
    }
    this.#hand = 0;
  }
}
