import { closeSync, fstatSync, ftruncateSync, openSync, readSync } from 'node:fs';

/** Offsets in an LMDB file of the binding's version (data version 2), little-endian: `MDB_meta` behind a header of 24 bytes. */
const MAGIC_AT = 24;
const PAGE_SIZE_AT = 48;
const LAST_PAGE_AT = 144;
const META_BYTES = 160;
const MAGIC = 0xbeefc0de;

/**
 * Gives a database file that was cut off its length again, with zeros. LMDB reads through a memory map: a page beyond the end
 * would kill the process (SIGBUS), one of zeros is an error that can be told. A file that is shorter by right
 * (its last pages are unused) gets zeros nobody reads. Throws for what is no database.
 */
export function completeDatabase(path: string): void {
  const fd = openSync(path, 'r+');
  try {
    const { size } = fstatSync(fd);
    if (size === 0) return;
    const first = readMeta(fd, 0);
    const second = first && readMeta(fd, first.pageSize);
    if (first === undefined || second === undefined)
      throw new Error('it is no database, or its first pages are damaged');
    const needed = (Math.max(first.lastPage, second.lastPage) + 1) * first.pageSize;
    if (size < needed) ftruncateSync(fd, needed);
  } finally {
    closeSync(fd);
  }
}

function readMeta(fd: number, at: number): { pageSize: number; lastPage: number } | undefined {
  const page = Buffer.alloc(META_BYTES);
  if (readSync(fd, page, 0, META_BYTES, at) !== META_BYTES) return undefined;
  if (page.readUInt32LE(MAGIC_AT) !== MAGIC) return undefined;
  const pageSize = page.readUInt32LE(PAGE_SIZE_AT);
  const lastPage = Number(page.readBigUInt64LE(LAST_PAGE_AT));
  const plausible = pageSize >= 4096 && pageSize <= 65536 && lastPage < 2 ** 32;
  return plausible ? { pageSize, lastPage } : undefined;
}
