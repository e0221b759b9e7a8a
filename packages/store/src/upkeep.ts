import { statSync } from 'node:fs';
import { evict } from './disk/evict.js';
import { holders, type Holder } from './disk/usage.js';
import { sweep } from './check/sweep.js';
import type { Layout } from './layout.js';
import type { Parts } from './parts.js';

/** An eviction goes down to this part of the quota, so that it is not needed again at once. */
const DOWN_TO = 0.9;

/**
 * What a store does now and then beside its work: writes down what was used, lets go of what others removed, cleans up after
 * the dead, and keeps to the quota. The quota is for everything; what goes are contents, as trees, sizes and facts are small and
 * facts cannot be fetched again.
 */
export async function upkeep(parts: Parts, quota: number | undefined): Promise<void> {
  await parts.open.noteUse();
  parts.open.forgetRemoved();
  parts.root.readerCheck();
  await sweep(parts);
  if (quota === undefined) return;
  const all: Holder[] = [];
  let used = databaseBytes(parts.layout);
  for await (const holder of holders(parts.layout)) {
    all.push(holder);
    used += holder.bytes;
  }
  if (used > quota) await evict(parts, all, used - quota * DOWN_TO);
}

/** Without what is reserved behind its end: that is there so that something can be written when the disk is full. */
function databaseBytes(layout: Layout): number {
  const { blocks, size } = statSync(layout.meta);
  return Math.min(blocks * 512, size);
}

/** What the quota counts: contents, and the database of trees and facts. */
export async function usedBytes({ layout }: Parts): Promise<number> {
  let used = databaseBytes(layout);
  for await (const holder of holders(layout)) used += holder.bytes;
  return used;
}
