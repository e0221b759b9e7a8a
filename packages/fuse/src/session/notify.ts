import type { Notifier, NodeId } from '../filesystem.js';
import type { Name } from '../name.js';
import type { Channel } from '../channel/channel.js';
import { INVAL_EXPIRE_ONLY } from '../protocol/flags.js';
import { encodeStruct, type Fields, type Struct } from '../protocol/layout.js';
import { NOTIFY } from '../protocol/operations.js';
import * as st from '../protocol/structs.js';

/**
 * Sends notifications one after the other, each from another thread.
 *
 * The kernel handles a notification inside our `write`: to drop a name it takes the directory's lock, to drop data it waits
 * for pages that are being read. A program that holds one of them waits for an answer of this process, perhaps to a request
 * that has not even been read yet. Written from the event loop, that is a deadlock nobody can end; from another thread
 * the loop goes on, answers, and the notification goes through. One at a time, because libuv's pool has four threads
 * and what is to be answered may need one of them.
 */
export class NotifyQueue implements Notifier {
  readonly #waiting: Buffer[] = [];
  #sending: Promise<void> | undefined;
  #ended = false;

  constructor(
    readonly channel: Channel,
    /** The kernel understands FUSE_EXPIRE_ONLY. */
    readonly canExpire: boolean,
    /** The kernel understands FUSE_NOTIFY_PRUNE (7.45). */
    readonly canPrune: boolean,
    readonly failed: (errno: number) => void,
  ) {}

  invalInode(node: NodeId, offset: number, length: number): void {
    this.#send(NOTIFY.INVAL_INODE, st.NOTIFY_INVAL_INODE, { ino: node, off: offset, len: length });
  }

  /**
   * The kernel must no longer believe the attributes of a node, from before the answer to a request about it on. Written from
   * the event loop, which is safe for this notification alone: the kernel takes neither lock nor page for attributes, and
   * finds the inode without waiting because the request under way keeps it.
   */
  attributesChanged(node: NodeId): void {
    if (this.#ended) return;
    const message = this.#message(NOTIFY.INVAL_INODE, st.NOTIFY_INVAL_INODE, {
      ino: node,
      off: -1,
    });
    this.#check(this.channel.reply(message, message.length));
  }

  invalEntry(parent: NodeId, name: Name): void {
    this.#entry(parent, name, 0);
  }

  /** Asked again at the next use, but what is open or a mount point below it stays. Older kernels drop it instead. */
  expireEntry(parent: NodeId, name: Name): void {
    this.#entry(parent, name, this.canExpire ? INVAL_EXPIRE_ONLY : 0);
  }

  deleteEntry(parent: NodeId, child: NodeId, name: Name): void {
    const fields = { parent, child, namelen: name.length };
    this.#send(NOTIFY.DELETE, st.NOTIFY_DELETE, fields, nameBytes(name));
  }

  store(node: NodeId, offset: number, data: Uint8Array): void {
    for (let from = 0; from < data.length; from += MOST_STORED) {
      const part = Buffer.from(data.subarray(from, from + MOST_STORED));
      const fields = { nodeid: node, offset: offset + from, size: part.length };
      this.#send(NOTIFY.STORE, st.NOTIFY_STORE, fields, part);
    }
  }

  prune(nodes: readonly NodeId[]): void {
    if (!this.canPrune) return;
    for (let from = 0; from < nodes.length; from += MOST_PRUNED) {
      const part = nodes.slice(from, from + MOST_PRUNED);
      const ids = Buffer.alloc(8 * part.length);
      part.forEach((node, i) => ids.writeBigUInt64LE(BigInt(node), 8 * i));
      this.#send(NOTIFY.PRUNE, st.NOTIFY_PRUNE, { count: part.length }, ids);
    }
  }

  async settled(): Promise<void> {
    while (this.#sending !== undefined) await this.#sending;
  }

  /** The connection is gone: what waits has nobody to reach. */
  end(): void {
    this.#ended = true;
    this.#waiting.length = 0;
  }

  #entry(parent: NodeId, name: Name, flags: number): void {
    const fields = { parent, namelen: name.length, flags };
    this.#send(NOTIFY.INVAL_ENTRY, st.NOTIFY_INVAL_ENTRY, fields, nameBytes(name));
  }

  #send<F extends Fields>(
    code: number,
    of: Struct<F>,
    fields: Readonly<Partial<Record<keyof F, number>>>,
    tail: Buffer = Buffer.alloc(0),
  ): void {
    if (this.#ended) return;
    this.#waiting.push(this.#message(code, of, fields, tail));
    this.#sending ??= this.#drain();
  }

  #message<F extends Fields>(
    code: number,
    of: Struct<F>,
    fields: Readonly<Partial<Record<keyof F, number>>>,
    tail: Buffer = Buffer.alloc(0),
  ): Buffer {
    const len = st.OUT_HEADER.size + of.size + tail.length;
    const header = encodeStruct(st.OUT_HEADER, { len, error: code });
    return Buffer.concat([header, encodeStruct<F>(of, fields), tail]);
  }

  #check(r: number): void {
    if (r < 0 && !HARMLESS.has(-r)) this.failed(-r);
  }

  async #drain(): Promise<void> {
    for (let message = this.#waiting.shift(); message; message = this.#waiting.shift()) {
      this.#check(await this.channel.notify(message));
    }
    this.#sending = undefined;
  }
}

/** Bytes in one message; the kernel takes what fits one request. */
const MOST_STORED = 128 * 1024;
const MOST_PRUNED = 1024;

/** ENOENT: the kernel does not know the node or name. ENOTDIR, ENOTEMPTY: a name in use. ENODEV, ENOTCONN: unmounted. */
const HARMLESS: ReadonlySet<number> = new Set([2, 19, 20, 39, 107]);

function nameBytes(name: Name): Buffer {
  return Buffer.from(`${name}\0`, 'latin1');
}
