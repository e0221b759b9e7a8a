import { shuttingDown } from './error.js';

/** What is under way, and whether anything new may begin (W-26). */
export class Running {
  readonly #works = new Set<Promise<unknown>>();
  #closing: Promise<void> | undefined;

  get closing(): boolean {
    return this.#closing !== undefined;
  }

  /** @throws AntaresError */
  refuseWhenClosing(): void {
    if (this.closing) throw shuttingDown();
  }

  /** The end waits for this work. */
  track<T>(work: Promise<T>): Promise<T> {
    this.#works.add(work);
    void work.then(
      () => this.#works.delete(work),
      () => this.#works.delete(work),
    );
    return work;
  }

  async settled(): Promise<void> {
    await Promise.allSettled(this.#works);
  }

  /** Nothing begins from here on; `end` runs once, however often this is asked for. */
  close(end: () => Promise<void>): Promise<void> {
    this.#closing ??= Promise.resolve().then(end);
    return this.#closing;
  }
}
