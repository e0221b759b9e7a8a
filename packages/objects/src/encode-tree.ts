import { modeText } from './mode.js';
import { compareEntries } from './tree-order.js';
import type { TreeEntry } from './tree.js';

/** The binary git tree with these entries, in this order (git itself sorts them: `compareEntries`). */
export function encodeTree(entries: readonly TreeEntry[]): Buffer {
  let length = 0;
  for (const { kind, name } of entries) length += modeText(kind).length + name.length + 22;
  const body = Buffer.allocUnsafe(length);
  let at = 0;
  for (const { kind, name, oid } of entries) {
    at += body.write(modeText(kind), at, 'latin1');
    body[at++] = 0x20;
    at += body.write(name, at, 'latin1');
    body[at++] = 0;
    at += body.write(oid, at, 'hex');
  }
  return body;
}

/** The tree that git itself would have stored for these entries. */
export function encodeSortedTree(entries: readonly TreeEntry[]): Buffer {
  return encodeTree(entries.toSorted(compareEntries));
}
