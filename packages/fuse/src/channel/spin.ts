/** Longest time, in ms, that the device is polled before the event loop sleeps. */
const LIMIT_MS = 0.1;
const MOST = 16;
const ENOUGH = 4;

/**
 * Decides whether to poll before sleeping. In a virtual machine waking up costs more than answering; when a program sends
 * one request after the other, the next one comes within microseconds, and waiting for it awake is what makes it quick.
 * Each time polling would have paid (or did) raises the score, each time it did not lowers it, so an idle or slow
 * stream of requests soon polls no more, and one request in a while never does.
 */
export class Spin {
  #score = 0;
  #sleptAt = -Infinity;

  /** A wake-up by the event loop. `now` in ms. */
  woken(now: number): void {
    this.#rate(now - this.#sleptAt <= LIMIT_MS);
  }

  sleeping(now: number): void {
    this.#sleptAt = now;
  }

  get pays(): boolean {
    return this.#score >= ENOUGH;
  }

  polled(successful: boolean): void {
    this.#rate(successful);
  }

  #rate(good: boolean): void {
    // A failed poll has cost a tenth of a millisecond, a lost chance less: half.
    this.#score = good ? Math.min(MOST, this.#score + 1) : Math.max(0, this.#score - 2);
  }

  get limitMs(): number {
    return LIMIT_MS;
  }
}
