import { opendir, realpath, stat } from 'node:fs/promises';
import { resolve } from 'node:path';

import { detachDeadMounts, probeMount } from './dead-mounts.js';
import { errorCode } from './error-code.js';
import * as errors from './errors.js';
import { isFuse, isInside, mountAt, readMountTable } from './mount-table.js';
import { ownMountOver } from './own-mounts.js';

/**
 * Makes sure that a file system can be mounted at `path` and returns the path as the mount table will have it. Looks only at
 * the mount table before the path is touched: a dead mount there is detached, one that lives is left alone.
 */
export async function checkMountpoint(path: string, allowNonEmpty = false): Promise<string> {
  const given = resolve(path);
  await checkTable(given, allowNonEmpty);
  let real: string;
  try {
    real = await realpath(given);
  } catch (error) {
    throw explain(given, error);
  }
  if (real !== given) await checkTable(real, allowNonEmpty);
  try {
    if (!(await stat(real)).isDirectory()) throw errors.mountpointNotDirectory(given);
    if (!allowNonEmpty) await checkEmpty(real);
  } catch (error) {
    throw explain(given, error);
  }
  return real;
}

async function checkTable(path: string, allowOther: boolean): Promise<void> {
  const own = ownMountOver(path);
  if (own !== undefined && own !== path) throw errors.insideOwnMount(path, own);
  await checkAbove(path);
  for (;;) {
    const there = mountAt(await readMountTable(), path);
    if (there === undefined) return;
    if (!isFuse(there)) {
      // Somebody else's file system would be hidden, empty as it may be.
      if (allowOther) return;
      throw errors.foreignMount(path, there.type);
    }
    const { detached, failed } = await detachDeadMounts(path);
    if (failed.some(({ entry }) => entry.id === there.id)) throw errors.mountpointDead(path);
    if (!detached.some(({ id }) => id === there.id)) throw errors.alreadyMounted(path, there.type);
  }
}

/** The path may lie in somebody else's FUSE mount: fine if that answers, but looking would hang if it does not. */
async function checkAbove(path: string): Promise<void> {
  const table = await readMountTable();
  for (const entry of table) {
    const above = entry.mountpoint !== path && isInside(path, entry.mountpoint);
    if (!above || !isFuse(entry) || mountAt(table, entry.mountpoint)?.id !== entry.id) continue;
    const health = await probeMount(entry.mountpoint);
    if (health === 'dead') throw errors.mountpointDead(path);
    if (health === 'stuck') throw errors.mountpointStuck(path, entry.mountpoint);
  }
}

async function checkEmpty(directory: string): Promise<void> {
  const listing = await opendir(directory);
  try {
    if ((await listing.read()) === null) return;
    // Perhaps another daemon's mount, which came after the table had been read.
    await checkTable(directory, false);
    throw errors.mountpointNotEmpty(directory);
  } finally {
    await listing.close();
  }
}

function explain(path: string, error: unknown): unknown {
  const code = errorCode(error);
  if (code === 'ENOENT') return errors.mountpointMissing(path);
  if (code === 'ENOTDIR') return errors.mountpointNotDirectory(path);
  if (code === 'EACCES' || code === 'EPERM') return errors.mountpointDenied(path, error);
  if (code === 'ENOTCONN' || code === 'ECONNABORTED') return errors.mountpointDead(path);
  return error;
}
