import { setImmediate as nextTurn } from 'node:timers/promises';

import type { ListedEntry, Name, NodeId } from '@scorpiofs/fuse';
import { close, failed, fstat, fstatfs, lseek, O, openByHandleAt, S, SEEK } from '@scorpiofs/posix';

import { shownIno } from './attr.js';
import { eachInPart } from './directory.js';
import { check, failure } from './fail.js';
import { hostFlags } from './file.js';
import type { Host } from './host.js';
import type { HostNode } from './node.js';
import { decodeOrigin, encodeOrigin, fsUuid } from './origin.js';

/** Parts of 32 KiB read in one turn of the event loop: some 8,000 entries, about 5 ms. */
const PARTS_PER_TURN = 8;

/** The file system's own id, which outlives a restart where it has one; else its device number. */
export function fsidOf(host: Host): string {
  const root = host.nodes.root();
  const answer = fstatfs(root.fd);
  if (typeof answer === 'number' || answer.fsid === 0n) return `dev:${root.mount.dev}`;
  return `${answer.type.toString(16)}:${answer.fsid.toString(16)}`;
}

type Visit = (name: Name, ino: bigint, type: number) => void;

/** Names, types and numbers of a whole directory; a large one is read over several turns of the event loop. */
export function list(
  host: Host,
  id: NodeId,
): readonly ListedEntry[] | Promise<readonly ListedEntry[]> {
  const node = host.nodes.get(id);
  if (node.type !== S.IFDIR) throw failure('ENOTDIR');
  const entries: ListedEntry[] = [];
  const visit: Visit = (name, ino, type) => {
    if (name !== '.' && name !== '..') entries.push({ name, ino: shownIno(node.mount, ino), type });
  };
  const fd = cachedAtStart(host, node);
  if (readSome(fd, visit)) return entries;
  // In other turns others may read it.
  check(host.descriptors.renew(node));
  return readRest(fd, visit).then(() => entries);
}

/** The descriptor by which names in it are looked up: opening another costs more, and in this turn nobody else reads this one. */
function cachedAtStart(host: Host, node: HostNode): number {
  const fd = check(host.descriptors.of(node));
  const first = !node.listed;
  node.listed = true;
  if (first && node.mount.byHandle) return fd;
  const r = lseek(fd, 0, SEEK.SET);
  if (r === 0) return fd;
  // Where there are no handles, a directory that may not be read is opened only to be searched (O_PATH).
  if (r !== failed('EBADF')) return check(r);
  const readable = check(host.descriptors.renew(node));
  node.listed = true;
  close(fd);
  return readable;
}

function readSome(fd: number, visit: Visit): boolean {
  for (let i = 0; i < PARTS_PER_TURN; i++) if (!eachInPart(fd, visit)) return true;
  return false;
}

async function readRest(fd: number, visit: Visit): Promise<void> {
  try {
    do await nextTurn();
    while (!readSome(fd, visit));
  } finally {
    close(fd);
  }
}

/** Undefined for what is no regular file, or cannot be opened so. */
export function hostFd(host: Host, id: NodeId, flags: number): number | undefined {
  const node = host.nodes.get(id);
  if (node.type !== S.IFREG) return undefined;
  const fd = host.descriptors.openNew(node, hostFlags(host, flags));
  return fd < 0 ? undefined : fd;
}

/** UUIDs of the mounts, asked once. */
export class Origins {
  readonly #uuids = new Map<number, Buffer>();

  constructor(private readonly host: Host) {}

  of(id: NodeId): Uint8Array | undefined {
    const { mount, key } = this.host.nodes.get(id);
    return mount.byHandle ? encodeOrigin(key, this.#uuid(mount.index, mount.fd)) : undefined;
  }

  inoOf(origin: Uint8Array): bigint | undefined {
    const { mount } = this.host.nodes.root();
    if (!mount.byHandle) return undefined;
    const key = decodeOrigin(origin, this.#uuid(mount.index, mount.fd));
    if (key === undefined) return undefined;
    const fd = openByHandleAt(mount.fd, key, O.O_PATH);
    if (fd < 0) return undefined;
    const { stat } = this.host;
    const r = fstat(fd, stat);
    close(fd);
    return r === 0 ? shownIno(mount, stat.ino) : undefined;
  }

  #uuid(index: number, fd: number): Buffer {
    let uuid = this.#uuids.get(index);
    if (uuid === undefined) this.#uuids.set(index, (uuid = fsUuid(fd)));
    return uuid;
  }
}
