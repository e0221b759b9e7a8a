/** Milliseconds of work after which others get their turn (D13). */
const SLICE = 2;

/** Cuts long work into pieces: `pause` goes on at once until a slice of the event loop's time is used, then lets others in. */
export class Turn {
  #until = performance.now() + SLICE;

  pause(): Promise<void> | undefined {
    if (performance.now() < this.#until) return undefined;
    return new Promise((resolve) => {
      setImmediate(() => {
        this.#until = performance.now() + SLICE;
        resolve();
      });
    });
  }
}
