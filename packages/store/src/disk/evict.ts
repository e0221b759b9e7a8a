import { closeSync, openSync, unlinkSync } from 'node:fs';
import { flock, LOCK } from '@scorpiofs/posix';
import type { Counters } from '../counters.js';
import type { OpenFiles } from './open-files.js';
import type { SegmentRows } from './segment-rows.js';
import type { Holder } from './usage.js';

export interface Evictor {
  readonly open: OpenFiles;
  readonly segments: SegmentRows;
  readonly counters: Counters;
}

/**
 * Lets go of what was used longest ago until `bytes` are free; returns how many were. Skips what has a lease, here or in
 * another process, and segments that are being written. A reader that has it open without a lease reads on: the bytes live
 * until it closes them. One that comes later does not find it, and fetches it again.
 */
export async function evict(
  { open, segments, counters }: Evictor,
  all: readonly Holder[],
  bytes: number,
): Promise<number> {
  let freed = 0;
  for (const holder of all.toSorted((a, b) => a.usedAt - b.usedAt)) {
    if (freed >= bytes) break;
    if (open.isLeased(holder.path)) continue;
    if (!(await remove(holder, segments))) continue;
    open.forget(holder.path);
    freed += holder.bytes;
    counters.evictions += 1;
    counters.evictedBytes += holder.bytes;
  }
  return freed;
}

async function remove({ path, segment }: Holder, segments: SegmentRows): Promise<boolean> {
  let fd;
  try {
    fd = openSync(path, 'r');
  } catch {
    return false;
  }
  try {
    if (flock(fd, LOCK.EX | LOCK.NB) !== 0) return false;
    // Row first: a crash in between leaves a segment without row, which the next upkeep removes.
    if (segment !== undefined && !(await segments.retire(segment))) return false;
    unlinkSync(path);
    return true;
  } catch {
    return false;
  } finally {
    closeSync(fd);
  }
}
