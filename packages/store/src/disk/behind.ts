import type { FileHandle } from 'node:fs/promises';

/** What may wait to be written, bytes. */
const MOST_WAITING = 1024 * 1024;

/**
 * Writes a file from its start, behind the back of whoever gets and checks the next bytes: one write at a time, and what comes
 * meanwhile goes with the next one. (A write for each 64 KiB that the network brings is a trip to another thread for each.)
 */
export class Behind {
  #waiting: Uint8Array[] = [];
  #bytes = 0;
  #position = 0;
  #writing: Promise<void> | undefined;
  #failure: { readonly error: unknown } | undefined;

  constructor(readonly file: FileHandle) {}

  /** Takes bytes over, which must not change any more. Resolves when there is room for more; rejects with what the disk says. */
  async add(bytes: Uint8Array): Promise<void> {
    this.#waiting.push(bytes);
    this.#bytes += bytes.length;
    this.#writing ??= this.#write();
    while (this.#bytes > MOST_WAITING && this.#failure === undefined) await this.#writing;
    this.#throw();
  }

  /** When all is written: the number of bytes. */
  async end(): Promise<number> {
    await this.#writing;
    this.#throw();
    return this.#position;
  }

  /** Writes no more; resolves when the file is left alone. */
  async stop(): Promise<void> {
    this.#waiting = [];
    await this.#writing;
  }

  /** Never rejects: nobody may be waiting for it. */
  async #write(): Promise<void> {
    try {
      while (this.#waiting.length > 0) {
        let left = this.#waiting;
        this.#waiting = [];
        this.#bytes = 0;
        while (left.length > 0) {
          const { bytesWritten } = await this.file.writev(left, this.#position);
          this.#position += bytesWritten;
          left = after(left, bytesWritten);
        }
      }
    } catch (error) {
      this.#failure = { error };
    } finally {
      this.#writing = undefined;
    }
  }

  #throw(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }
}

/** What is left of `pieces` behind their first `count` bytes. */
function after(pieces: readonly Uint8Array[], count: number): Uint8Array[] {
  const left: Uint8Array[] = [];
  let skip = count;
  for (const piece of pieces) {
    if (skip < piece.length) left.push(skip === 0 ? piece : piece.subarray(skip));
    skip = Math.max(0, skip - piece.length);
  }
  return left;
}
