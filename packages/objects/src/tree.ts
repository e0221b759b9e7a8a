import type { TreeName } from './name.js';
import type { Oid } from './oid.js';

/** What git can put into a tree: `100644`, `100755`, `120000`, `160000`, `40000`. */
export type EntryKind = 'file' | 'executable' | 'symlink' | 'submodule' | 'directory';

export interface TreeEntry {
  readonly name: TreeName;
  readonly kind: EntryKind;
  /** Blob, tree, or (submodule) commit id. */
  readonly oid: Oid;
}
