import { mkdir, open, rename, unlink, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { codeOf } from '../errors.js';
import { BlobHasher, type Oid } from '@scorpiofs/objects';
import type { Layout } from '../layout.js';
import { synced } from '../meta/commit.js';
import type { Table } from '../meta/table.js';
import type { WriteQueue } from '../meta/write-queue.js';
import { Behind } from './behind.js';
import { hashFile, slices, wrongContent } from './verify.js';

/**
 * Writes large contents, each to a file of its own: aside, checked, renamed. Two processes that write the same content write two files
 * aside, and the second rename puts the same bytes in place of the first; a reader has the one or the other open, whole.
 *
 * A crash of the machine could leave the rename without the bytes. So that nobody has to wait for the disk, a row says "not
 * synced yet, in this run of the machine", and is on disk before the rename; the next start checks such files.
 */
export class FileWriter {
  #number = 0;
  readonly #syncing = new Set<Promise<void>>();

  constructor(
    readonly layout: Layout,
    readonly ownerName: string,
    readonly boot: string,
    readonly unsynced: Table,
    readonly queue: WriteQueue,
    readonly onWritten: (bytes: number) => void,
  ) {}

  /** Returns the size. Rejects with a `SourceError` of kind `broken` for another content, and with what the disk says. */
  async add(
    oid: Oid,
    chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
    size: number | undefined,
  ): Promise<number> {
    const aside = join(this.layout.temporary, `${this.ownerName}-${this.#number++}`);
    const file = await open(aside, 'wx+', 0o600);
    try {
      // Goes to the disk while the content comes.
      const noted = this.#note(oid);
      const length = await this.#write(file, oid, chunks, size);
      const failure = await noted;
      if (failure !== undefined) throw failure;
      await this.#publish(aside, oid);
      this.onWritten(length);
      this.#sync(file, oid);
      return length;
    } catch (error) {
      await unlink(aside).catch(() => {});
      await file.close();
      throw error;
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#syncing);
  }

  async #write(
    file: FileHandle,
    oid: Oid,
    chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
    size: number | undefined,
  ): Promise<number> {
    const hasher = size === undefined ? undefined : new BlobHasher(size);
    const behind = new Behind(file);
    let length: number;
    try {
      for await (const chunk of chunks) {
        for (const slice of slices(chunk)) {
          hasher?.update(slice);
          // No reading on to the end of what is longer than announced.
          if (hasher !== undefined && hasher.left < 0) throw wrongContent(oid, undefined);
          await behind.add(slice);
        }
      }
      length = await behind.end();
    } finally {
      await behind.stop();
    }
    const found = hasher === undefined ? await hashFile(file) : hasher.digest();
    if (found !== oid) throw wrongContent(oid, found);
    return length;
  }

  /** Resolves with what went wrong: nobody may be waiting for it when it does. A row too many does no harm. */
  async #note(oid: Oid): Promise<unknown> {
    this.queue.put([{ table: this.unsynced, key: oid, value: Buffer.from(this.boot) }]);
    try {
      await this.queue.flushed();
      await synced(this.queue.root);
      return undefined;
    } catch (error) {
      return error;
    }
  }

  async #publish(aside: string, oid: Oid): Promise<void> {
    const path = this.layout.file(oid);
    try {
      await rename(aside, path);
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error;
      await makeDirectory(dirname(path));
      await rename(aside, path);
    }
  }

  #sync(file: FileHandle, oid: Oid): void {
    const syncing = this.#synced(file, oid).finally(() => this.#syncing.delete(syncing));
    this.#syncing.add(syncing);
  }

  async #synced(file: FileHandle, oid: Oid): Promise<void> {
    try {
      await file.datasync();
      this.queue.put([{ table: this.unsynced, key: oid, value: undefined }]);
    } catch {
      // The row stays: the file is checked before it is used after a crash of the machine.
    } finally {
      await file.close();
    }
  }
}

/** Its parent is there. Not `recursive`: Node then says ENOENT where the kernel said ENOSPC. */
async function makeDirectory(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: 0o700 });
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
  }
}
