import { FsError } from '@scorpiofs/fuse';
import { EINTR } from './failure.js';

interface Waiter<T> {
  readonly resolve: (value: T) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * One piece of work that any number wait for. Who waits can leave (EINTR) while the work goes on for the others. It may fail
 * while nobody waits: whoever comes later starts another one.
 */
export class Flight<T> {
  /** Made when somebody waits: most of what comes ahead, nobody has waited for. */
  #waiting: Set<Waiter<T>> | undefined;

  get waiters(): number {
    return this.#waiting?.size ?? 0;
  }

  /** Must be called before the flight has landed. */
  wait(signal: AbortSignal | undefined): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (signal?.aborted === true) {
        reject(interrupted());
        return;
      }
      const leave = (): void => {
        this.#waiting?.delete(waiter);
        reject(interrupted());
      };
      const waiter: Waiter<T> = {
        resolve: (value) => {
          signal?.removeEventListener('abort', leave);
          resolve(value);
        },
        reject: (error) => {
          signal?.removeEventListener('abort', leave);
          reject(error);
        },
      };
      signal?.addEventListener('abort', leave, { once: true });
      (this.#waiting ??= new Set()).add(waiter);
    });
  }

  land(value: T): void {
    for (const waiter of this.#taken()) waiter.resolve(value);
  }

  fail(error: unknown): void {
    for (const waiter of this.#taken()) waiter.reject(error);
  }

  #taken(): Waiter<T>[] {
    const waiting = this.#waiting === undefined ? [] : [...this.#waiting];
    this.#waiting = undefined;
    return waiting;
  }
}

function interrupted(): FsError {
  return FsError.of(EINTR, 'interrupted');
}
