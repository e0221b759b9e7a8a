/** What a store has done since it was opened. */
export interface Counters {
  /** Reads and listings answered from what is here, and those that were not. */
  hits: number;
  misses: number;
  /** Contents and bytes of them put in. */
  added: number;
  addedBytes: number;
  /** Refused because they were not what their id says. */
  refused: number;
  /** Segments and files let go for room, and their bytes. */
  evictions: number;
  evictedBytes: number;
  /** Rows and contents found damaged. */
  damaged: number;
  /** Transactions that could not be written. */
  failedWrites: number;
}

export function newCounters(): Counters {
  return {
    hits: 0,
    misses: 0,
    added: 0,
    addedBytes: 0,
    refused: 0,
    evictions: 0,
    evictedBytes: 0,
    damaged: 0,
    failedWrites: 0,
  };
}
