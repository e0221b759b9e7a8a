import type { Oid } from '@scorpiofs/objects';
import { removeWrong } from '../meta/remove-wrong.js';
import { decodeTreeRow } from '../meta/tree-row.js';
import type { Parts } from '../parts.js';
import { Turn } from '../turn.js';

export interface TreesFound {
  checked: number;
  damaged: number;
}

/** Checks every stored listing against its id, or its own sum where it is kept under an id that it does not hash to. */
export async function checkTrees(parts: Parts, stopped: () => boolean): Promise<TreesFound> {
  const found: TreesFound = { checked: 0, damaged: 0 };
  const { trees } = parts.tables;
  const turn = new Turn();
  for (const [key, row] of trees.scan()) {
    if (stopped()) break;
    if (decodeTreeRow(key as Oid, row) !== undefined) found.checked += 1;
    else if (await removeWrong(parts, trees, key, row)) {
      found.damaged += 1;
      parts.counters.damaged += 1;
    }
    await turn.pause();
  }
  return found;
}
