import { kindOfBits } from './mode.js';
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

const SPACE = 0x20;
const ZERO = 0x30;
/** Digits of a mode: five or six, and a zero before them at most (see `kindOfMode`). */
const [LEAST, MOST] = [5, 6];

/**
 * Visits `<mode> <name>\0<20 bytes>` records in received order, from `at` on and up to `end`, `most` of them; returns where the next one
 * begins. Throws `TreeFormatError` on anything else. Byte by byte: names are short, and a native search costs more.
 */
export function scanTree(
  body: Uint8Array,
  visit: EntryVisitor,
  at = 0,
  end = body.length,
  most = Infinity,
): number {
  let start = at;
  for (let count = 0; start < end && count < most; count++) {
    let [i, mode] = [start, 0];
    for (let digit = (body[i] ?? 0) - ZERO; i < end && digit >= 0 && digit <= 7;) {
      mode = (mode & 0o3777777) * 8 + digit;
      digit = (body[++i] ?? 0) - ZERO;
    }
    const digits = i - start;
    if (i === end) throw new TreeFormatError(start, 'cut off');
    const kind = kindOfBits(mode);
    const rightLength =
      digits >= LEAST && (digits <= MOST || (digits === MOST + 1 && body[start] === ZERO));
    if (body[i] !== SPACE || !rightLength || kind === undefined) throw noMode(body, start, end);
    const name = ++i;
    while (i < end && body[i] !== 0) i++;
    if (i + 21 > end) throw new TreeFormatError(start, 'cut off');
    visit(name, i, kind);
    start = i + 21;
  }
  return start;
}

function noMode(body: Uint8Array, start: number, end: number): TreeFormatError {
  const text = asBuffer(body).toString('latin1', start, Math.min(end, start + MOST + 2));
  return new TreeFormatError(start, `mode ${JSON.stringify(text)}`);
}
