import { decodePlace } from '../disk/place.js';
import { removeWrong } from '../meta/remove-wrong.js';
import { decodeSize } from '../meta/size-row.js';
import type { Parts } from '../parts.js';
import { Turn } from '../turn.js';

/** Takes away sizes that are no sizes, and those that a content which is here contradicts. Run after the contents' check. */
export async function checkSizes(parts: Parts, stopped: () => boolean): Promise<number> {
  let damaged = 0;
  const { sizes, places } = parts.tables;
  const turn = new Turn();
  for (const [key, row] of sizes.scan()) {
    if (stopped()) break;
    const size = decodeSize(row);
    const place = places.stored(key);
    const real = place && decodePlace(place)?.length;
    if (size === undefined || (real !== undefined && real !== size))
      if (await removeWrong(parts, sizes, key, row)) damaged += 1;
    await turn.pause();
  }
  parts.counters.damaged += damaged;
  return damaged;
}
