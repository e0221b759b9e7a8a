import type { MountStatus } from './job.js';

type Listener = (status: MountStatus | undefined) => void;

/** The life cycle of views, for whoever listens. */
export class Events {
  readonly #listeners = new Set<Listener>();

  /** Told of every change of state, and at the end with nothing. Returns what ends the listening. */
  listen(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  tell(status: MountStatus): void {
    for (const listener of this.#listeners) listener(status);
  }

  end(): void {
    for (const listener of this.#listeners) listener(undefined);
    this.#listeners.clear();
  }
}
