import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hashObject, type Oid, type TreeEntry, type TreeName } from '@scorpiofs/objects';
import { Layout } from '../layout.js';
import { Store, type StoreOptions } from '../store.js';

/** For tests: a store path of its own, removed at the end; stores opened through it are closed first. */
export class Scratch implements AsyncDisposable {
  readonly path = mkdtempSync(join(tmpdir(), 'scorpiofs-store-'));
  readonly layout = new Layout(this.path);
  readonly #open: Store[] = [];

  async store(options?: StoreOptions): Promise<Store> {
    const store = await Store.open(this.path, options);
    this.#open.push(store);
    return store;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const store of this.#open) await store.close();
    rmSync(this.path, { recursive: true, force: true });
  }
}

export interface Blob {
  readonly oid: Oid;
  readonly data: Buffer;
}

/** Bytes that differ with `seed`, with their id. */
export function blob(size: number, seed = 0): Blob {
  const data = Buffer.alloc(size);
  let state = (seed * 2654435761 + 12345) >>> 0;
  for (let i = 0; i + 4 <= size; i += 4) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    data.writeUInt32LE(state, i);
  }
  return { data, oid: hashObject('blob', data) };
}

/** Whether the content can be read and is what it was. (jest's own comparison takes seconds for a megabyte.) */
export function holds(store: Store, { oid, data }: Blob): boolean {
  const into = Buffer.alloc(data.length + 1);
  const got = store.readContent(oid, 0, into);
  return got !== undefined && into.subarray(0, got).equals(data);
}

export async function* inChunks(data: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < data.length; at += size) {
    await Promise.resolve();
    yield data.subarray(at, at + size);
  }
}

export function entry(name: string, oid: Oid, kind: TreeEntry['kind'] = 'file'): TreeEntry {
  return { name: name as TreeName, kind, oid };
}
