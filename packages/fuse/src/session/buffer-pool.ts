/**
 * Memory for replies that the file system fills itself. Sizes in steps, so that a thousand waiting small reads do not hold
 * a megabyte each; few are kept, so that an idle daemon holds little.
 */
export class BufferPool {
  readonly #steps: readonly { readonly size: number; readonly free: Buffer[] }[];

  constructor(
    sizes: readonly number[],
    readonly keep: number,
  ) {
    this.#steps = sizes.map((size) => ({ size, free: [] }));
  }

  /** A buffer of at least `size` bytes, with whatever was in it before. */
  take(size: number): Buffer {
    for (const step of this.#steps) {
      if (size <= step.size) return step.free.pop() ?? Buffer.allocUnsafeSlow(step.size);
    }
    return Buffer.allocUnsafeSlow(size);
  }

  give(buffer: Buffer): void {
    for (const step of this.#steps) {
      if (buffer.length === step.size) {
        if (step.free.length < this.keep) step.free.push(buffer);
        return;
      }
    }
  }
}
