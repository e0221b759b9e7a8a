const CHUNK = 256 * 1024;

/** Gathers small records into chunks worth sending. */
export class Chunker {
  #buffer: Buffer;
  #used = 0;
  readonly #full: Buffer[] = [];

  constructor(private readonly size = CHUNK) {
    this.#buffer = Buffer.allocUnsafeSlow(size);
  }

  /** Bytes in complete chunks that `take` would give. */
  get ready(): boolean {
    return this.#full.length > 0;
  }

  push(bytes: Uint8Array): void {
    let at = 0;
    while (at < bytes.length) {
      const room = this.size - this.#used;
      const part = bytes.subarray(at, at + room);
      this.#buffer.set(part, this.#used);
      this.#used += part.length;
      at += part.length;
      if (this.#used === this.size) this.#rotate();
    }
  }

  /** Room for a record of fixed length, to be filled in by the caller at once. */
  reserve(length: number): Buffer {
    if (this.#used + length > this.size) this.#rotate();
    const place = this.#buffer.subarray(this.#used, this.#used + length);
    this.#used += length;
    return place;
  }

  /** Complete chunks, and with `all` the begun one, too. */
  take(all: boolean): Buffer[] {
    if (all && this.#used > 0) this.#rotate();
    return this.#full.splice(0);
  }

  #rotate(): void {
    this.#full.push(this.#buffer.subarray(0, this.#used));
    this.#buffer = Buffer.allocUnsafeSlow(this.size);
    this.#used = 0;
  }
}
