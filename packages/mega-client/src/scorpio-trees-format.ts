import type { Oid, RepoPath } from '@scorpiofs/objects';
import { TREE_LIMIT } from './file-tree.js';
import type { Step } from './records.js';

/** `POST /api/v1/scorpio/trees`, the stream's parts. Numbers are big-endian, ids 20 raw bytes, paths raw bytes. */
export const TREES_TYPE = 'application/x-scorpio-trees';

export type TreesRecord =
  | { readonly tag: 'head'; readonly commit: Oid; readonly tree: Oid }
  | {
      readonly tag: 'tree';
      readonly path: RepoPath;
      readonly oid: Oid;
      /** The tree object without header; valid only until the next record is asked for. */
      readonly body: Buffer;
      /** One u64 for each entry in the body's order, where the server sends sizes. */
      readonly sizes?: Buffer;
    }
  | { readonly tag: 'missing'; readonly path: RepoPath }
  | { readonly tag: 'error'; readonly path: RepoPath; readonly text: string }
  | { readonly tag: 'more' }
  | { readonly tag: 'end' };

const END = 0;
const TREE = 1;
const MISSING = 2;
const ERROR = 3;
const MORE = 4;

/** bit 0: the server says that the body hashes to the id (checked here anyway); bit 1: sizes follow. */
const HAS_SIZES = 2;

/** The stream begins with the commit and its root tree; records follow. */
export function treesReader(): (bytes: Buffer) => Step<TreesRecord> {
  let started = false;
  return (bytes) => {
    if (started) return readRecord(bytes);
    if (bytes.length < 40) return { need: 40 };
    started = true;
    return { record: { tag: 'head', commit: oidAt(bytes, 0), tree: oidAt(bytes, 20) }, length: 40 };
  };
}

function readRecord(bytes: Buffer): Step<TreesRecord> {
  switch (bytes[0]) {
    case END:
      return { record: { tag: 'end' }, length: 1 };
    case MORE:
      return { record: { tag: 'more' }, length: 1 };
    case TREE:
      return readTree(bytes);
    case MISSING: {
      const path = textAt(bytes, 1);
      if ('need' in path) return path;
      return { record: { tag: 'missing', path: path.text }, length: path.end };
    }
    case ERROR: {
      const path = textAt(bytes, 1);
      if ('need' in path) return path;
      const text = textAt(bytes, path.end);
      if ('need' in text) return text;
      return { record: { tag: 'error', path: path.text, text: text.text }, length: text.end };
    }
    default:
      throw new Error(`unknown record ${bytes[0]}`);
  }
}

function readTree(bytes: Buffer): Step<TreesRecord> {
  const path = textAt(bytes, 1);
  if ('need' in path) return path;
  const at = path.end;
  if (bytes.length < at + 25) return { need: at + 25 };
  const flags = bytes.readUInt8(at + 20);
  const length = bytes.readUInt32BE(at + 21);
  if (length > TREE_LIMIT) throw new Error(`a tree of ${length} bytes`);
  const start = at + 25;
  const end = start + length;
  if (bytes.length < end) return { need: end };
  const body = bytes.subarray(start, end);
  const record = { tag: 'tree', path: path.text, oid: oidAt(bytes, at), body } as const;
  if (!(flags & HAS_SIZES)) return { record, length: end };
  const whole = end + 8 * countEntries(body);
  if (bytes.length < whole) return { need: whole };
  return { record: { ...record, sizes: bytes.subarray(end, whole) }, length: whole };
}

/** How many entries a tree body has, a broken last one included; whoever parses the body reports that. */
function countEntries(body: Buffer): number {
  let count = 0;
  // By hand: names are short, and a native search costs more.
  for (let at = 0; at < body.length; at += 21) {
    while (body[at] !== 0) {
      if (at >= body.length) throw new Error('a tree body that is cut off');
      at += 1;
    }
    count += 1;
  }
  return count;
}

function textAt(
  bytes: Buffer,
  at: number,
): { readonly text: string; readonly end: number } | { readonly need: number } {
  if (bytes.length < at + 2) return { need: at + 2 };
  const end = at + 2 + bytes.readUInt16BE(at);
  if (bytes.length < end) return { need: end };
  return { text: bytes.toString('latin1', at + 2, end), end };
}

function oidAt(bytes: Buffer, at: number): Oid {
  return bytes.toString('hex', at, at + 20) as Oid;
}
