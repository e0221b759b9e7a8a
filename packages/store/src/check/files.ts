import { open, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOf } from '../errors.js';
import { isOid, type Oid } from '@scorpiofs/objects';
import { names } from '../disk/usage.js';
import { hashFile } from '../disk/verify.js';
import type { Parts } from '../parts.js';

export interface FilesFound {
  checked: number;
  /** Other bytes than the name says. */
  damaged: number;
  /** Names that are no object id. */
  misnamed: number;
}

/** Reads every large content and removes what is not what its name says. */
export async function checkFiles(parts: Parts, stopped: () => boolean): Promise<FilesFound> {
  const found: FilesFound = { checked: 0, damaged: 0, misnamed: 0 };
  for await (const first of names(parts.layout.files)) {
    const directory = join(parts.layout.files, first);
    let directories = 0;
    for await (const rest of names(directory)) {
      if (stopped()) return found;
      directories += 1;
      const name = first + rest;
      const path = join(directory, rest);
      if (!isOid(name) || first.length !== 2) found.misnamed += await removed(parts, path);
      else if (await isWhole(path, name)) found.checked += 1;
      else found.damaged += await removed(parts, path);
    }
    // A plain file where a directory should be.
    if (directories === 0 && !/^[0-9a-f]{2}$/.test(first))
      found.misnamed += await removed(parts, directory);
  }
  return found;
}

/** True also for a file that is gone: an eviction was first. */
export async function isWhole(path: string, oid: Oid): Promise<boolean> {
  let file;
  try {
    file = await open(path, 'r');
  } catch (error) {
    return codeOf(error) === 'ENOENT';
  }
  try {
    return (await hashFile(file)) === oid;
  } catch {
    // Sectors that cannot be read, or something that is no file.
    return false;
  } finally {
    await file.close();
  }
}

async function removed(parts: Parts, path: string): Promise<number> {
  try {
    await unlink(path);
  } catch {
    return 0;
  }
  parts.open.forget(path);
  parts.counters.damaged += 1;
  return 1;
}
