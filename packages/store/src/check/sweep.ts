import { unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { names } from '../disk/usage.js';
import { segmentId } from '../layout.js';
import type { Parts } from '../parts.js';

export interface Swept {
  /** Files that nobody writes any more. */
  temporary: number;
  /** Segments that no row stands for, and files among them that are none. */
  segments: number;
}

/** Removes what a crash can leave: files aside whose owner is gone, segments between row and file, locks of the dead. */
export async function sweep(parts: Parts): Promise<Swept> {
  const { layout, owner, segments } = parts;
  const swept: Swept = { temporary: 0, segments: 0 };
  for await (const name of names(layout.temporary)) {
    if (owner.isAlive(name.replace(/-\d+$/, ''))) continue;
    swept.temporary += await removed(join(layout.temporary, name));
  }
  for await (const name of names(layout.segments)) {
    const id = segmentId(name);
    if (id === undefined || (await segments.isUnknown(id)))
      swept.segments += await removed(join(layout.segments, name));
  }
  owner.sweep();
  return swept;
}

async function removed(path: string): Promise<number> {
  try {
    await unlink(path);
    return 1;
  } catch {
    return 0;
  }
}
