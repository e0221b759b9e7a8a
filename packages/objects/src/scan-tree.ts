import { kindOfMode } from './mode.js';
import type { EntryKind } from './tree.js';
import { TreeFormatError } from './tree-format-error.js';

/** `body[name..nul)` is the name, `body[nul + 1 .. nul + 21)` the id. */
export type EntryVisitor = (name: number, nul: number, kind: EntryKind) => void;

/** A view of the same bytes as a `Buffer`, whose native string conversions are what makes reading trees fast. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes)
    ? bytes
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** No mode of git is longer; bounds the search for its end in bytes that are no tree. */
const LONGEST_MODE = 8;

/** Visits `<mode> <name>\0<20 bytes>` records in received order. Throws `TreeFormatError` on anything else. */
export function scanTree(body: Buffer, visit: EntryVisitor): void {
  let lastMode = '100644';
  let lastKind: EntryKind = 'file';
  for (let at = 0; at < body.length;) {
    const space = body.indexOf(0x20, at);
    const nul = space < 0 ? -1 : body.indexOf(0, space + 1);
    if (nul < 0 || nul + 21 > body.length) throw new TreeFormatError(at, 'cut off');
    const mode = body.toString('latin1', at, Math.min(space, at + LONGEST_MODE));
    if (mode !== lastMode) {
      const kind = kindOfMode(mode);
      if (kind === undefined) throw new TreeFormatError(at, `mode ${JSON.stringify(mode)}`);
      lastMode = mode;
      lastKind = kind;
    }
    visit(space + 1, nul, lastKind);
    at = nul + 21;
  }
}
