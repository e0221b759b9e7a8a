import { statfsSync } from 'node:fs';

/** Bytes that LMDB may need beside what is put: pages copied on their way from the root. */
export const MARGIN = 1024 * 1024;
/** A row in a page of its own, and the page above it. */
const PER_ROW = 2 * 4096;

/** Free for this user on the disk of a directory, bytes. */
export function freeBytes(directory: string): number {
  try {
    const { bavail, bsize } = statfsSync(directory);
    return bavail * bsize;
  } catch {
    return Infinity;
  }
}

/**
 * Asked before a transaction, so that LMDB hardly ever meets a full disk: the binding survives that, but not always its own cleaning up
 * (seen once in some runs: `free(): invalid size`).
 */
export function hasRoom(directory: string, rows: number, bytes: number): boolean {
  return freeBytes(directory) > MARGIN + rows * PER_ROW + bytes;
}
