import type { Log } from '../log/logger.js';

/** The signals that end a daemon in order. */
const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;

/**
 * The wish that this process ends. Installed before anything is mounted (K-20): the first signal aborts `signal`; a second one calls `atOnce`, which must
 * not return.
 */
export class StopSignals implements Disposable {
  readonly #controller = new AbortController();
  readonly #handler: (signal: NodeJS.Signals) => void;
  readonly #orphaned: () => void;
  /** What a second signal does; replaced when there is something to clean up at once. */
  atOnce: () => void = () => process.exit(1);

  constructor(log: () => Log | undefined) {
    this.#handler = (signal) => {
      if (this.#controller.signal.aborted) {
        log()?.warn('second signal: ending at once', { signal });
        this.atOnce();
        return;
      }
      log()?.info('stopping', { signal });
      this.#controller.abort();
    };
    for (const name of SIGNALS) process.on(name, this.#handler);
    // A program that started this one with a channel (the demo) and died, however, wants it to end too.
    this.#orphaned = () => this.#handler('SIGHUP');
    if (process.connected) process.once('disconnect', this.#orphaned);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Resolves at the first signal. */
  async wanted(): Promise<void> {
    const { signal } = this;
    if (signal.aborted) return;
    await new Promise<void>((resolve) =>
      signal.addEventListener('abort', () => resolve(), { once: true }),
    );
  }

  [Symbol.dispose](): void {
    for (const name of SIGNALS) process.off(name, this.#handler);
    process.off('disconnect', this.#orphaned);
  }
}
