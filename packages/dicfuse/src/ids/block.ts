/**
 * The places of one directory's entries at one tree. A directory seen for the first time takes one run of numbers, the
 * entry's position added to `start`. One whose earlier tree is known keeps the numbers of what is the same, and says so entry by entry.
 */
export interface Block {
  readonly start: number;
  readonly count: number;
  /** When the directory was first seen with this tree, milliseconds since 1970. */
  readonly time: number;
  readonly kept: Kept | undefined;
}

/** For each entry; 0 in `places` means `start` + position. */
export interface Kept {
  readonly places: Float64Array;
  readonly times: Float64Array;
}

export function placeAt(block: Block, index: number): number {
  return block.kept?.places[index] || block.start + index;
}

export function timeAt(block: Block, index: number): number {
  return block.kept?.times[index] || block.time;
}

/** Runs start at a multiple of their own size (a power of two, at least 8): so the run of a place can be found by trying. */
export function runSize(count: number): number {
  let size = SMALLEST_RUN;
  while (size < count) size *= 2;
  return size;
}

export const SMALLEST_RUN = 8;

/** Starts of the runs that `place` can lie in, smallest run first. */
export function* runStarts(place: number, largest: number): Generator<number> {
  let last = -1;
  for (let size = SMALLEST_RUN; size <= largest; size *= 2) {
    const start = place - (place % size);
    if (start !== last && start !== 0) yield start;
    last = start;
  }
}
