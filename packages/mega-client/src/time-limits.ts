/** How long the client waits, in milliseconds (D7: nothing waits for ever). */
export interface TimeLimits {
  /** Name lookup, TCP and TLS handshake, each. */
  readonly connect: number;
  /** A whole answer of the small kinds: commits, listings, sizes, change lists, refs. */
  readonly listing: number;
  /**
   * Silence in an answer whose length has no bound (blobs, batches): from the request to its first byte, and then
   * between two pieces. Not a total, so that a file of any length can arrive.
   */
  readonly idle: number;
}

export const DEFAULT_LIMITS: TimeLimits = { connect: 3_000, listing: 10_000, idle: 30_000 };
