import { createHash, randomUUID } from 'node:crypto';
import { createReadStream, type ReadStream } from 'node:fs';
import { mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { HttpFailure } from '../http/failure.js';

const MAX_EXPECTED = 100_000;

/** LFS objects as files named by their SHA-256 below the data directory. */
export class LfsStore {
  readonly #dir: string;
  /** Announced by a batch request: size by id. Only these may be uploaded (§3.3). */
  readonly #expected = new Map<string, number>();

  constructor(dataDir: string) {
    this.#dir = join(dataDir, 'lfs');
  }

  #path(oid: string): string {
    return join(this.#dir, oid.slice(0, 2), oid);
  }

  /** Size of a stored object. */
  async size(oid: string): Promise<number | undefined> {
    return stat(this.#path(oid)).then(
      (found) => found.size,
      () => undefined,
    );
  }

  expect(oid: string, size: number): void {
    if (this.#expected.size >= MAX_EXPECTED) this.#expected.clear();
    this.#expected.set(oid, size);
  }

  read(oid: string): ReadStream {
    return createReadStream(this.#path(oid));
  }

  /**
   * Stores an announced object once all of it is here and right. The original stores whatever comes; content that does not have
   * its id is refused here, as it would be lost data to everybody who reads it.
   */
  async write(oid: string, body: AsyncIterable<Buffer>): Promise<void> {
    const expected = this.#expected.get(oid);
    if (expected === undefined) throw new HttpFailure(404, 'the object was not announced');
    await mkdir(join(this.#dir, oid.slice(0, 2)), { recursive: true, mode: 0o700 });
    const temporary = join(this.#dir, `incoming-${randomUUID()}`);
    const hash = createHash('sha256');
    let size = 0;
    try {
      const file = await open(temporary, 'wx', 0o600);
      try {
        for await (const chunk of body) {
          size += chunk.length;
          if (size > expected) break;
          hash.update(chunk);
          await file.write(chunk);
        }
        await file.sync();
      } finally {
        await file.close();
      }
      if (size !== expected) throw new HttpFailure(400, `the object has not the announced size`);
      if (hash.digest('hex') !== oid)
        throw new HttpFailure(400, 'the content does not have this id');
      await rename(temporary, this.#path(oid));
      this.#expected.delete(oid);
    } finally {
      await rm(temporary, { force: true });
    }
  }
}
