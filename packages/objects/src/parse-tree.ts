import type { TreeName } from './name.js';
import type { Oid } from './oid.js';
import { SafeCollector, type SafeEntries } from './safe-entries.js';
import { asBuffer, scanTree } from './scan-tree.js';
import type { TreeEntry } from './tree.js';

/**
 * Reads a binary git tree (without its `tree <len>\0` header). Entries keep the received order: a server may not sort them
 * (mega-server §4.3). Names that no directory can show are left out and reported (C10).
 * Throws `TreeFormatError` for bytes that are no tree; an empty body is the empty tree.
 * The result does not refer to `bytes`.
 */
export function parseTree(bytes: Uint8Array): SafeEntries {
  const body = asBuffer(bytes);
  const collector = new SafeCollector<TreeEntry>();
  scanTree(body, (name, nul, kind) => {
    collector.add({
      name: body.toString('latin1', name, nul) as TreeName,
      kind,
      oid: body.toString('hex', nul + 1, nul + 21) as Oid,
    });
  });
  return collector;
}
