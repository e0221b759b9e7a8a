import {
  ROOT_NODE,
  type AttrReply,
  type Entry,
  type Name,
  type NegativeEntry,
} from '@scorpiofs/fuse';
import type { NodeId } from '@scorpiofs/fuse';
import { attributes } from './attributes.js';
import { directoryEntry } from './entries.js';
import type { Root } from './directory.js';
import type { Base } from './state.js';

/** The top of a base that shows revisions side by side: one directory for each, named by its commit id. */
export function isRevisionsTop(base: Base, node: NodeId): boolean {
  return node === ROOT_NODE && base.shape === 'revisions';
}

export function revisionsAttr(base: Base): AttrReply {
  return {
    attr: attributes(ROOT_NODE, 'directory', 0, base.rootsTime, base.owner),
    attrTtl: Infinity,
  };
}

export function revisionsEntry(base: Base): Entry {
  const { generation } = base.places;
  return { ...revisionsAttr(base), node: ROOT_NODE, generation, entryTtl: Infinity };
}

export function lookupRevision(base: Base, name: Name): Entry | NegativeEntry {
  if (name === '.' || name === '/' || name === '..') return revisionsEntry(base);
  for (const root of base.roots.values()) {
    if (revisionName(root) !== name) continue;
    root.top.lookups += 1;
    return directoryEntry(base, root.top);
  }
  // May be added at any time.
  return { node: 0, entryTtl: 0 };
}

export function revisionName(root: Root): Name {
  const commit: string = root.revision.commit;
  return commit as Name;
}
