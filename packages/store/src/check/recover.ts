import { unlink } from 'node:fs/promises';
import type { Oid } from '@scorpiofs/objects';
import type { Parts } from '../parts.js';
import { isWhole } from './files.js';
import { checkPlaces } from './places.js';

/**
 * After the machine went down: checks what may not have reached the disk then, before anybody reads it. Costs nothing else:
 * what a killed process wrote is in the kernel's hands.
 */
export async function recover(parts: Parts): Promise<void> {
  const { boot, owner, segments, tables, layout, queue } = parts;
  for (const [key, row] of tables.unsynced.scan()) {
    if (row.toString() === boot) continue;
    const path = layout.file(key as Oid);
    if (!(await isWhole(path, key as Oid))) await unlink(path).catch(() => {});
    queue.put([{ table: tables.unsynced, key, value: undefined }]);
  }
  const unsure = [...segments.all()].filter(([, row]) => !row.sealed && row.boot !== boot);
  if (unsure.length === 0) return;
  await checkPlaces(parts, () => false, new Set(unsure.map(([id]) => id)));
  for (const [id, row] of unsure) if (!owner.isAlive(row.owner)) await segments.seal(id, row.owner);
}
