/** Runs at most so many pieces of work at a time, the rest in order. */
export class Lane {
  #running = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(readonly width: number) {}

  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#running >= this.width) await new Promise<void>((go) => this.#waiting.push(go));
    else this.#running += 1;
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#running -= 1;
      else next();
    }
  }
}

/**
 * System calls during which the kernel may wait for an answer of this very process (notifications, unmounting). Each holds
 * one of the four threads of libuv's pool; if all four were taken, a file system that needs the pool to answer could not.
 */
export const waitsForUs = new Lane(2);
