/**
 * Bytes that arrived and were not taken yet, in one piece. Growth doubles, so a large record in small pieces is copied
 * a bounded number of times; a piece that is consumed whole is never copied.
 */
export class Accumulator {
  #buffer: Buffer = Buffer.alloc(0);
  #start = 0;
  #end = 0;
  /** Whether `#buffer` belongs to this object, and may be written to. */
  #own = false;

  get length(): number {
    return this.#end - this.#start;
  }

  append(piece: Buffer): void {
    if (this.length === 0) {
      this.#buffer = piece;
      this.#start = 0;
      this.#end = piece.length;
      this.#own = false;
      return;
    }
    const length = this.length + piece.length;
    if (!this.#own || this.#end + piece.length > this.#buffer.length) this.#move(length);
    piece.copy(this.#buffer, this.#end);
    this.#end += piece.length;
  }

  /** The bytes at hand, valid until the next `append`. */
  view(): Buffer {
    return this.#buffer.subarray(this.#start, this.#end);
  }

  skip(count: number): void {
    this.#start += count;
  }

  #move(needed: number): void {
    const rest = this.view();
    if (!this.#own || needed > this.#buffer.length / 2) {
      this.#buffer = Buffer.allocUnsafeSlow(Math.max(needed * 2, 64 * 1024));
      this.#own = true;
    }
    rest.copy(this.#buffer, 0);
    this.#start = 0;
    this.#end = rest.length;
  }
}
